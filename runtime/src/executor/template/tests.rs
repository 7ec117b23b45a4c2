//! What is read of a template, and what is refused.

use dataplane_proto::flyteidl2::core::{self, task_template::Target};
use serde_json::json;

use super::*;
use crate::executor::example::{self, structure};

fn read(template: &core::TaskTemplate) -> Result<Template, InvalidSpec> {
    Template::read(&template.encode_to_vec(), "")
}

#[track_caller]
fn refused(template: &core::TaskTemplate, parts: &[&str]) {
    let sentence = read(template).unwrap_err().to_string();
    for part in parts {
        assert!(sentence.contains(part), "{part}: {sentence}");
    }
}

fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

fn pod(spec: serde_json::Value) -> core::TaskTemplate {
    core::TaskTemplate {
        target: Some(Target::K8sPod(core::K8sPod {
            pod_spec: Some(structure(spec)),
            primary_container_name: "main".to_owned(),
            ..core::K8sPod::default()
        })),
        ..example::python()
    }
}

#[test]
fn metadata_is_read_into_types() {
    let mut template = example::python();
    template.metadata = Some(core::TaskMetadata {
        discoverable: true,
        discovery_version: "v2".to_owned(),
        cache_serializable: true,
        cache_ignore_input_vars: vec!["seed".to_owned()],
        cache_max_age: Some(seconds(60)),
        timeout: Some(seconds(3600)),
        timeouts: Some(core::TimeoutStrategy {
            queued_timeout: Some(seconds(600)),
            deadline: Some(seconds(0)),
        }),
        retries: Some(core::RetryStrategy {
            retries: 2,
            backoff: Some(core::Backoff {
                base: Some(seconds(5)),
                factor: Some(2.0),
                cap: Some(seconds(30)),
            }),
        }),
        interruptible_value: Some(core::task_metadata::InterruptibleValue::Interruptible(true)),
        ..core::TaskMetadata::default()
    });
    let read = read(&template).unwrap();
    assert_eq!(read.retries, 2);
    assert_eq!(
        read.backoff,
        Some(Backoff {
            base: Duration::from_secs(5),
            factor: 2.0,
            cap: Some(Duration::from_secs(30)),
        })
    );
    assert_eq!(read.timeout, Some(Duration::from_hours(1)));
    assert_eq!(read.queue_timeout, Some(Duration::from_mins(10)));
    assert_eq!(read.deadline, None, "zero is no bound");
    assert!(read.interruptible);
    let caching = read.caching.unwrap();
    assert_eq!(
        (
            caching.version.as_str(),
            caching.serializable,
            caching.max_age
        ),
        ("v2", true, Some(Duration::from_mins(1)))
    );
    assert_eq!(caching.id.unwrap().name, "env.train");
    assert!(!read.runs_sdk, "the runtime is not said");
}

#[test]
fn a_plain_task_has_no_bounds() {
    let read = read(&example::python()).unwrap();
    assert_eq!(
        (
            read.retries,
            read.timeout,
            read.queue_timeout,
            read.deadline
        ),
        (0, None, None, None)
    );
    assert!(
        read.caching.is_none() && read.backoff.is_none() && !read.interruptible && read.runs_sdk
    );
    assert_eq!(read.task.name, "env.train");
}

#[test]
fn the_type_of_the_action_goes_before_that_of_the_template() {
    let bytes = example::python().encode_to_vec();
    assert!(matches!(
        Template::read(&bytes, "").unwrap().kind,
        TaskKind::Container(_)
    ));
    for task_type in [
        "python",
        "python-task",
        "container",
        "raw-container",
        "sidecar",
        "pod",
    ] {
        let read = Template::read(&bytes, task_type).unwrap();
        assert!(matches!(read.kind, TaskKind::Container(_)), "{task_type}");
        assert_eq!(read.runs_sdk, task_type != "raw-container");
    }
    for task_type in ["spark", "ray", "actor", "clustered-task", "PYTHON"] {
        let read = Template::read(&bytes, task_type).unwrap();
        assert!(matches!(read.kind, TaskKind::Unsupported), "{task_type}");
    }
}

#[test]
fn garbage_is_refused_with_a_sentence() {
    for bytes in [&b"\xff\xff\xff"[..], b"\x0a\x05abc", b"garbage of somebody"] {
        let sentence = Template::read(bytes, "python").unwrap_err().to_string();
        assert!(sentence.contains("TaskTemplate"), "{sentence}");
    }
}

#[test]
fn a_later_message_is_read_as_far_as_it_is_known() {
    let mut bytes = example::python().encode_to_vec();
    // Field 1000, a string.
    bytes.extend([0xc2, 0x3e, 0x01, b'x']);
    assert!(matches!(
        Template::read(&bytes, "").unwrap().kind,
        TaskKind::Container(_)
    ));
}

/// A field that the cluster may know, and that would be lost: not even a privilege that it gives could be seen.
#[test]
fn a_field_of_a_later_kubernetes_is_named() {
    let container = |more: serde_json::Value| {
        let mut container = json!({ "name": "main", "image": "i" });
        for (name, value) in more.as_object().unwrap() {
            container[name] = value.clone();
        }
        container
    };
    let with = |more: serde_json::Value, spec: serde_json::Value| {
        let mut whole = json!({ "containers": [{ "name": "x", "image": "i" }, container(more)] });
        for (name, value) in spec.as_object().unwrap() {
            whole[name] = value.clone();
        }
        pod(whole)
    };
    let none = json!({});
    refused(
        &with(none.clone(), json!({ "hostTeleporter": { "port": 7 } })),
        &["the field hostTeleporter,", "1.36"],
    );
    refused(
        &with(
            json!({ "resources": { "cpuAffinity": "near" } }),
            none.clone(),
        ),
        &["the field containers[1].resources.cpuAffinity,"],
    );
    let volume = json!({ "name": "v", "emptyDir": { "tier": "fast", "medium": "Memory" } });
    refused(
        &with(none.clone(), json!({ "volumes": [volume] })),
        &["the field volumes[0].emptyDir.tier,"],
    );

    // What says nothing, and what may have any names.
    let known = json!({
        "hostTeleporter": null,
        "nodeSelector": { "any.example/label": "x" },
        "volumes": [{ "name": "v", "emptyDir": {} }, { "name": "w", "configMap": { "name": "c", "items": [] } }],
        "overhead": { "cpu": "1" },
        "tolerations": [{ "key": "k", "operator": "Exists", "tolerationSeconds": 30 }],
        "securityContext": { "fsGroup": 100, "sysctls": [] },
    });
    let more = json!({
        "resources": { "limits": { "example.com/device": 1 }, "claims": [{ "name": "c" }] },
        "env": [{ "name": "E", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } }],
        "livenessProbe": { "httpGet": { "port": 80, "scheme": "HTTP" }, "periodSeconds": 3 },
        "ports": [],
    });
    read(&with(more, known)).unwrap();
}

#[test]
fn the_kubernetes_that_is_named_is_that_of_the_types() {
    let version = k8s_openapi::k8s_if_1_36!("1.36");
    assert_eq!(pod_spec::KUBERNETES, version);
}

#[test]
fn what_can_not_be_run_is_refused() {
    refused(
        &core::TaskTemplate {
            target: None,
            ..example::python()
        },
        &["target", "missing"],
    );
    refused(
        &core::TaskTemplate {
            target: Some(Target::Sql(core::Sql::default())),
            ..example::python()
        },
        &["SQL"],
    );
    refused(
        &core::TaskTemplate {
            target: Some(Target::Container(core::Container::default())),
            ..example::python()
        },
        &["no image"],
    );
    let mut named = example::python();
    named.metadata.as_mut().unwrap().pod_template_name = "gpu-pods".to_owned();
    refused(&named, &["gpu-pods", "flyte.PodTemplate"]);
    let mut backwards = example::python();
    backwards.metadata.as_mut().unwrap().timeout = Some(seconds(-5));
    refused(&backwards, &["timeout"]);
    let mut shrinking = example::python();
    shrinking.metadata.as_mut().unwrap().retries = Some(core::RetryStrategy {
        retries: 1,
        backoff: Some(core::Backoff {
            factor: Some(f64::NAN),
            ..core::Backoff::default()
        }),
    });
    refused(&shrinking, &["backoff", "NaN"]);
}

#[test]
fn a_resource_that_is_none_is_refused_by_name() {
    let with = |name: i32, value: &str| {
        let mut template = example::python();
        if let Some(Target::Container(container)) = &mut template.target {
            container.resources = Some(core::Resources {
                requests: vec![core::resources::ResourceEntry {
                    name,
                    value: value.to_owned(),
                }],
                limits: Vec::new(),
            });
        }
        template
    };
    refused(&with(1, "a lot"), &["\"a lot\"", "cpu", "500m"]);
    refused(&with(3, "-1Gi"), &["\"-1Gi\"", "memory"]);
    refused(&with(99, "1"), &["99", "later"]);
    let TaskKind::Container(task) = read(&with(2, "1")).unwrap().kind else {
        panic!("a container");
    };
    assert_eq!(task.resources.requests["nvidia.com/gpu"].to_string(), "1");
    let TaskKind::Container(task) = read(&with(1, "0")).unwrap().kind else {
        panic!("a container");
    };
    assert!(task.resources.requests.is_empty(), "zero is nothing said");
}

#[test]
fn files_are_not_moved() {
    let variables = |names: &[&str]| {
        Some(core::VariableMap {
            variables: names
                .iter()
                .map(|name| core::VariableEntry {
                    key: (*name).to_owned(),
                    ..core::VariableEntry::default()
                })
                .collect(),
        })
    };
    let template = |inputs: &[&str], outputs: &[&str]| {
        let mut template = example::python();
        template.interface = Some(core::TypedInterface {
            inputs: variables(inputs),
            outputs: variables(outputs),
        });
        if let Some(Target::Container(container)) = &mut template.target {
            container.data_config = Some(core::DataLoadingConfig {
                enabled: true,
                ..core::DataLoadingConfig::default()
            });
            container.args = vec!["{{.inputs.a}}".to_owned()];
        }
        template
    };
    assert!(read(&template(&[], &[])).is_ok());
    assert!(read(&template(&["a"], &[])).is_ok());
    refused(&template(&["a", "b"], &[]), &["co-pilot"]);
    refused(&template(&["a"], &["o"]), &["co-pilot"]);
}

#[test]
fn a_pod_is_read_into_the_type_of_kubernetes() {
    let read = read(&pod(json!({
        "containers": [{ "name": "main", "image": "i", "ports": [{ "containerPort": 80 }], "resources": { "limits": { "cpu": 2, "gpu": 1 } } }],
        "activeDeadlineSeconds": 60,
        "volumes": [{ "name": "v", "emptyDir": { "sizeLimit": 1024 } }],
    })))
    .unwrap();
    let TaskKind::Pod(task) = read.kind else {
        panic!("a pod");
    };
    assert_eq!(task.spec.active_deadline_seconds, Some(60));
    let container = &task.spec.containers[0];
    assert_eq!(container.ports.as_ref().unwrap()[0].container_port, 80);
    let limits = container
        .resources
        .as_ref()
        .unwrap()
        .limits
        .as_ref()
        .unwrap();
    assert_eq!(
        (
            limits["cpu"].0.as_str(),
            limits["nvidia.com/gpu"].0.as_str()
        ),
        ("2", "1")
    );
}

#[test]
fn a_pod_that_is_none_is_refused_where_it_is_wrong() {
    let main = json!({ "name": "main", "image": "i" });
    refused(
        &pod(json!({ "containers": [{ "name": "other", "image": "i" }] })),
        &["\"main\"", "\"other\""],
    );
    refused(&pod(json!({ "containers": [] })), &["\"main\"", "none"]);
    refused(
        &pod(json!({ "containers": [{ "name": "main" }] })),
        &["without an image"],
    );
    refused(
        &pod(
            json!({ "containers": [{ "name": "main", "image": "i", "ports": [{ "containerPort": "x" }] }] }),
        ),
        &["containers[0].ports[0].containerPort"],
    );
    refused(
        &pod(
            json!({ "containers": [{ "name": "main", "image": "i", "ports": [{ "containerPort": 1.5 }] }] }),
        ),
        &["containerPort"],
    );
    refused(
        &pod(
            json!({ "containers": [{ "name": "main", "image": "i", "resources": { "requests": { "memory": "much" } } }] }),
        ),
        &["memory", "\"much\""],
    );
    let mut nameless = pod(json!({ "containers": [main] }));
    if let Some(Target::K8sPod(pod)) = &mut nameless.target {
        pod.primary_container_name.clear();
    }
    refused(&nameless, &["primary_container_name"]);
    nameless.config = [("primary_container_name".to_owned(), "main".to_owned())].into();
    assert!(read(&nameless).is_ok(), "the config may name it");
}

#[test]
fn accelerators_are_named_as_nodes_are_labelled() {
    use core::gpu_accelerator::{DeviceClass, PartitionSizeValue};
    use dataplane_api::identity::Cloud;
    let accelerator = |device: &str, class: i32, partition: Option<PartitionSizeValue>| {
        Accelerator::from_wire(core::GpuAccelerator {
            device: device.to_owned(),
            device_class: class,
            partition_size_value: partition,
            ..core::GpuAccelerator::default()
        })
    };
    for (device, class, label, resource) in [
        (
            "A100",
            DeviceClass::NvidiaGpu,
            "nvidia-tesla-a100",
            "nvidia.com/gpu",
        ),
        (
            "l40s",
            DeviceClass::NvidiaGpu,
            "nvidia-l40s",
            "nvidia.com/gpu",
        ),
        (
            "V5E",
            DeviceClass::GoogleTpu,
            "tpu-v5-lite-podslice",
            "google.com/tpu",
        ),
        (
            "Trn1",
            DeviceClass::AmazonNeuron,
            "aws-neuron-trn1",
            "aws.amazon.com/neuron",
        ),
        ("MI300X", DeviceClass::AmdGpu, "amd-mi300x", "amd.com/gpu"),
        (
            "Gaudi1",
            DeviceClass::HabanaGaudi,
            "habana-gaudi-dl1",
            "habana.ai/gaudi",
        ),
        (
            "nvidia-tesla-t4",
            DeviceClass::NvidiaGpu,
            "nvidia-tesla-t4",
            "nvidia.com/gpu",
        ),
        (
            "of-our-own",
            DeviceClass::NvidiaGpu,
            "of-our-own",
            "nvidia.com/gpu",
        ),
    ] {
        let read = accelerator(device, class.into(), None).unwrap();
        assert_eq!((read.device.as_str(), read.resource()), (label, resource));
    }
    let whole = accelerator("T4", 0, Some(PartitionSizeValue::Unpartitioned(true))).unwrap();
    assert_eq!(whole.partition, Some(Partition::Whole));
    assert_eq!(
        whole.device_label(Cloud::Aws),
        "k8s.amazonaws.com/accelerator"
    );
    assert_eq!(
        whole.device_label(Cloud::Gcp),
        "cloud.google.com/gke-accelerator"
    );
    let divided = accelerator("V5E", 1, Some(PartitionSizeValue::Unpartitioned(false))).unwrap();
    assert_eq!(divided.partition, None);
    assert_eq!(
        divided.device_label(Cloud::Aws),
        "cloud.google.com/gke-tpu-accelerator"
    );
    assert_eq!(
        divided.partition_label(Cloud::Gcp),
        "cloud.google.com/gke-tpu-topology"
    );
    let sentence = accelerator("x", 77, None).unwrap_err().to_string();
    assert!(sentence.contains("77"), "{sentence}");
}

/// Templates that the SDK, version 2.12.1, has written.
mod sdk {
    use super::*;

    #[test]
    fn a_task_with_resources_secrets_and_bounds() {
        let read = Template::read(include_bytes!("sdk/python.binpb"), "python").unwrap();
        assert_eq!(
            (read.retries, read.timeout),
            (3, Some(Duration::from_hours(1)))
        );
        assert!(read.interruptible && read.runs_sdk && read.caching.is_none());
        assert_eq!(read.task.name, "env.train");
        assert_eq!(
            (
                read.secrets[0].key.as_str(),
                read.secrets[0].env_var.as_str()
            ),
            ("api-key", "API_KEY")
        );
        let shared_memory = read.shared_memory.unwrap();
        assert_eq!(
            (
                shared_memory.mount_path.as_str(),
                shared_memory.size_limit.as_str()
            ),
            ("/dev/shm", "")
        );
        let accelerator = read.accelerator.unwrap();
        assert_eq!(
            (accelerator.device.as_str(), &accelerator.partition),
            ("nvidia-tesla-a100", &None)
        );
        let TaskKind::Container(task) = read.kind else {
            panic!("a container");
        };
        let amounts = |amounts: &BTreeMap<String, _>| {
            amounts
                .iter()
                .map(
                    |(name, amount): (&String, &dataplane_api::quantity::Quantity)| {
                        format!("{name} {amount}")
                    },
                )
                .collect::<Vec<_>>()
        };
        assert_eq!(
            amounts(&task.resources.requests),
            [
                "cpu 1",
                "ephemeral-storage 10Gi",
                "memory 2Gi",
                "nvidia.com/gpu 1"
            ]
        );
        assert_eq!(amounts(&task.resources.limits), ["cpu 2"]);
        assert_eq!(task.environment, [("MODE".to_owned(), "fast".to_owned())]);
        assert!(task.command.is_empty());
    }

    #[test]
    fn a_pod_template() {
        let read = Template::read(include_bytes!("sdk/pod.binpb"), "python").unwrap();
        let TaskKind::Pod(task) = read.kind else {
            panic!("a pod");
        };
        assert_eq!(task.primary, "main");
        assert_eq!(
            (task.labels["team"].as_str(), task.annotations["a"].as_str()),
            ("risk", "b")
        );
        assert_eq!(task.spec.termination_grace_period_seconds, Some(60));
        let main = task
            .spec
            .containers
            .iter()
            .find(|container| container.name == "main")
            .unwrap();
        assert_eq!(main.image.as_deref(), Some("registry.example/train:v1"));
        let requests = main.resources.as_ref().unwrap().requests.as_ref().unwrap();
        assert_eq!(requests["nvidia.com/gpu"].0, "1");
        assert!(!read.interruptible);
    }

    #[test]
    fn a_container_that_knows_nothing_of_flyte() {
        let read = Template::read(include_bytes!("sdk/raw.binpb"), "raw-container").unwrap();
        assert!(!read.runs_sdk);
        let TaskKind::Container(task) = read.kind else {
            panic!("a container");
        };
        assert!(
            task.command
                .iter()
                .chain(&task.args)
                .any(|argument| argument == "{{.inputs.who}}")
        );
        let refused = Template::read(
            include_bytes!("sdk/raw-with-outputs.binpb"),
            "raw-container",
        );
        assert!(refused.unwrap_err().to_string().contains("co-pilot"));
    }
}
