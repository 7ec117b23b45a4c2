//! Accelerators: the resource that a container asks for, and the label of the nodes that have them.

use dataplane_api::identity::Cloud;
use dataplane_proto::flyteidl2::core::{GpuAccelerator, gpu_accelerator};

use super::{InvalidSpec, invalid};

/// What a container that asks for a GPU, and says no more, gets.
pub const DEFAULT_RESOURCE: &str = "nvidia.com/gpu";

/// An accelerator that a task asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accelerator {
    class: Class,
    /// Value of the node's label; any device of the class when empty.
    pub device: String,
    pub partition: Option<Partition>,
}

/// How much of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partition {
    /// A whole device of a node that does not divide them.
    Whole,
    /// A part of this size.
    Part(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Nvidia,
    Tpu,
    Neuron,
    Amd,
    Gaudi,
}

/// Names of devices as people write them, and as nodes are labelled.
const DEVICES: &[(&str, &str)] = &[
    ("A10", "nvidia-a10"),
    ("A10G", "nvidia-a10g"),
    ("A100", "nvidia-tesla-a100"),
    ("A100 80G", "nvidia-a100-80gb"),
    ("A100G", "nvidia-a100g"),
    ("B200", "nvidia-b200"),
    ("GB200", "nvidia-gb200"),
    ("H100", "nvidia-h100"),
    ("H100 80G", "nvidia-h100-80gb"),
    ("H100 MEGA 80G", "nvidia-h100-mega-80gb"),
    ("H200", "nvidia-h200"),
    ("K80", "nvidia-tesla-k80"),
    ("L4", "nvidia-l4"),
    ("L40S", "nvidia-l40s"),
    ("L4_VWS", "nvidia-l4-vws"),
    ("M60", "nvidia-tesla-m60"),
    ("P4", "nvidia-tesla-p4"),
    ("P100", "nvidia-tesla-p100"),
    ("RTX PRO 6000", "nvidia-rtx-pro-6000"),
    ("T4", "nvidia-tesla-t4"),
    ("V100", "nvidia-tesla-v100"),
    ("V5E", "tpu-v5-lite-podslice"),
    ("V5P", "tpu-v5p-slice"),
    ("V6E", "tpu-v6e-slice"),
    ("INF1", "aws-neuron-inf1"),
    ("INF2", "aws-neuron-inf2"),
    ("TRN1", "aws-neuron-trn1"),
    ("TRN1N", "aws-neuron-trn1n"),
    ("TRN2", "aws-neuron-trn2"),
    ("TRN2U", "aws-neuron-trn2u"),
    ("MI100", "amd-mi100"),
    ("MI210", "amd-mi210"),
    ("MI250", "amd-mi250"),
    ("MI250X", "amd-mi250x"),
    ("MI300A", "amd-mi300a"),
    ("MI300X", "amd-mi300x"),
    ("MI325X", "amd-mi325x"),
    ("MI350X", "amd-mi350x"),
    ("MI355X", "amd-mi355x"),
    ("GAUDI1", "habana-gaudi-dl1"),
];

impl Accelerator {
    pub(super) fn from_wire(wire: GpuAccelerator) -> Result<Self, InvalidSpec> {
        use gpu_accelerator::{DeviceClass, PartitionSizeValue};
        let class = match DeviceClass::try_from(wire.device_class) {
            Ok(DeviceClass::NvidiaGpu) => Class::Nvidia,
            Ok(DeviceClass::GoogleTpu) => Class::Tpu,
            Ok(DeviceClass::AmazonNeuron) => Class::Neuron,
            Ok(DeviceClass::AmdGpu) => Class::Amd,
            Ok(DeviceClass::HabanaGaudi) => Class::Gaudi,
            Err(_) => {
                return Err(invalid(
                    "accelerator",
                    format!(
                        "is of class {}, which is later than this executor; update it",
                        wire.device_class
                    ),
                ));
            }
        };
        let device = DEVICES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&wire.device))
            .map_or(wire.device, |(_, label)| (*label).to_owned());
        let partition = match wire.partition_size_value {
            Some(PartitionSizeValue::Unpartitioned(true)) => Some(Partition::Whole),
            Some(PartitionSizeValue::PartitionSize(size)) if !size.is_empty() => {
                Some(Partition::Part(size))
            }
            _ => None,
        };
        Ok(Self {
            class,
            device,
            partition,
        })
    }

    /// The resource that a container asks for.
    pub fn resource(&self) -> &'static str {
        match self.class {
            Class::Nvidia => DEFAULT_RESOURCE,
            Class::Tpu => "google.com/tpu",
            Class::Neuron => "aws.amazon.com/neuron",
            Class::Amd => "amd.com/gpu",
            Class::Gaudi => "habana.ai/gaudi",
        }
    }

    /// The label of nodes that says which device they have.
    pub fn device_label(&self, cloud: Cloud) -> &'static str {
        match (self.class, cloud) {
            (Class::Tpu, _) => "cloud.google.com/gke-tpu-accelerator",
            // Google's nodes carry their own label; the other one is what the autoscalers of the rest agree on.
            (_, Cloud::Gcp) => "cloud.google.com/gke-accelerator",
            (_, Cloud::Aws | Cloud::Azure) => "k8s.amazonaws.com/accelerator",
        }
    }

    /// The label of nodes that says how their devices are divided.
    pub fn partition_label(&self, cloud: Cloud) -> &'static str {
        match (self.class, cloud) {
            (Class::Tpu, _) => "cloud.google.com/gke-tpu-topology",
            (_, Cloud::Gcp) => "cloud.google.com/gke-gpu-partition-size",
            (_, Cloud::Aws | Cloud::Azure) => "k8s.amazonaws.com/gpu-partition-size",
        }
    }
}
