//! Each message of ours by its full name, read and written once.

use dataplane_proto::flyteidl2::{cacheservice, common, core, task, workflow};
use prost::{DecodeError, Message};

/// Decodes and encodes.
pub type Through = fn(&[u8]) -> Result<Vec<u8>, DecodeError>;

fn through<M: Message + Default>(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    M::decode(bytes).map(|message| message.encode_to_vec())
}

pub fn named(name: &str) -> Option<Through> {
    let name = name.strip_prefix("flyteidl2.")?;
    MESSAGES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, through)| *through)
}

const MESSAGES: &[(&str, Through)] = &[
    (
        "cacheservice.CachedOutput",
        through::<cacheservice::CachedOutput>,
    ),
    (
        "cacheservice.GetCacheRequest",
        through::<cacheservice::GetCacheRequest>,
    ),
    (
        "cacheservice.GetCacheResponse",
        through::<cacheservice::GetCacheResponse>,
    ),
    (
        "cacheservice.GetOrExtendReservationRequest",
        through::<cacheservice::GetOrExtendReservationRequest>,
    ),
    (
        "cacheservice.GetOrExtendReservationResponse",
        through::<cacheservice::GetOrExtendReservationResponse>,
    ),
    (
        "cacheservice.KeyMapMetadata",
        through::<cacheservice::KeyMapMetadata>,
    ),
    ("cacheservice.Metadata", through::<cacheservice::Metadata>),
    (
        "cacheservice.OverwriteOutput",
        through::<cacheservice::OverwriteOutput>,
    ),
    (
        "cacheservice.PutCacheRequest",
        through::<cacheservice::PutCacheRequest>,
    ),
    (
        "cacheservice.PutCacheResponse",
        through::<cacheservice::PutCacheResponse>,
    ),
    (
        "cacheservice.ReleaseReservationRequest",
        through::<cacheservice::ReleaseReservationRequest>,
    ),
    (
        "cacheservice.ReleaseReservationResponse",
        through::<cacheservice::ReleaseReservationResponse>,
    ),
    (
        "cacheservice.Reservation",
        through::<cacheservice::Reservation>,
    ),
    (
        "cacheservice.v2.GetCacheRequest",
        through::<cacheservice::v2::GetCacheRequest>,
    ),
    (
        "cacheservice.v2.GetOrExtendReservationRequest",
        through::<cacheservice::v2::GetOrExtendReservationRequest>,
    ),
    (
        "cacheservice.v2.Identifier",
        through::<cacheservice::v2::Identifier>,
    ),
    (
        "cacheservice.v2.PutCacheRequest",
        through::<cacheservice::v2::PutCacheRequest>,
    ),
    (
        "cacheservice.v2.ReleaseReservationRequest",
        through::<cacheservice::v2::ReleaseReservationRequest>,
    ),
    (
        "common.ActionAttemptIdentifier",
        through::<common::ActionAttemptIdentifier>,
    ),
    (
        "common.ActionIdentifier",
        through::<common::ActionIdentifier>,
    ),
    ("common.CacheMetadata", through::<common::CacheMetadata>),
    ("common.RunIdentifier", through::<common::RunIdentifier>),
    (
        "core.ArtifactBindingData",
        through::<core::ArtifactBindingData>,
    ),
    ("core.ArtifactCard", through::<core::ArtifactCard>),
    ("core.ArtifactID", through::<core::ArtifactId>),
    ("core.ArtifactInfo", through::<core::ArtifactInfo>),
    ("core.ArtifactKey", through::<core::ArtifactKey>),
    ("core.ArtifactTag", through::<core::ArtifactTag>),
    ("core.ArtifactVersionId", through::<core::ArtifactVersionId>),
    ("core.Backoff", through::<core::Backoff>),
    ("core.Binary", through::<core::Binary>),
    ("core.Blob", through::<core::Blob>),
    ("core.BlobMetadata", through::<core::BlobMetadata>),
    ("core.BlobType", through::<core::BlobType>),
    (
        "core.ConnectorLogContext",
        through::<core::ConnectorLogContext>,
    ),
    ("core.Container", through::<core::Container>),
    ("core.ContainerContext", through::<core::ContainerContext>),
    (
        "core.ContainerContext.ProcessContext",
        through::<core::container_context::ProcessContext>,
    ),
    ("core.ContainerError", through::<core::ContainerError>),
    ("core.ContainerPort", through::<core::ContainerPort>),
    ("core.DataLoadingConfig", through::<core::DataLoadingConfig>),
    ("core.EnumType", through::<core::EnumType>),
    ("core.Error", through::<core::Error>),
    ("core.ErrorDocument", through::<core::ErrorDocument>),
    ("core.ExecutionError", through::<core::ExecutionError>),
    ("core.ExtendedResources", through::<core::ExtendedResources>),
    ("core.GPUAccelerator", through::<core::GpuAccelerator>),
    ("core.GpuFault", through::<core::GpuFault>),
    ("core.IOStrategy", through::<core::IoStrategy>),
    ("core.Identifier", through::<core::Identifier>),
    ("core.Identity", through::<core::Identity>),
    ("core.InputBindingData", through::<core::InputBindingData>),
    ("core.K8sObjectMetadata", through::<core::K8sObjectMetadata>),
    ("core.K8sPod", through::<core::K8sPod>),
    ("core.KeyValuePair", through::<core::KeyValuePair>),
    ("core.LabelValue", through::<core::LabelValue>),
    ("core.Literal", through::<core::Literal>),
    ("core.LiteralCollection", through::<core::LiteralCollection>),
    ("core.LiteralMap", through::<core::LiteralMap>),
    (
        "core.LiteralOffloadedMetadata",
        through::<core::LiteralOffloadedMetadata>,
    ),
    ("core.LiteralType", through::<core::LiteralType>),
    ("core.LogContext", through::<core::LogContext>),
    ("core.OAuth2Client", through::<core::OAuth2Client>),
    (
        "core.OAuth2TokenRequest",
        through::<core::OAuth2TokenRequest>,
    ),
    ("core.Partitions", through::<core::Partitions>),
    ("core.PodLogContext", through::<core::PodLogContext>),
    ("core.Primitive", through::<core::Primitive>),
    ("core.Resources", through::<core::Resources>),
    (
        "core.Resources.ResourceEntry",
        through::<core::resources::ResourceEntry>,
    ),
    ("core.RetryStrategy", through::<core::RetryStrategy>),
    ("core.ReusePolicy", through::<core::ReusePolicy>),
    ("core.RuntimeBinding", through::<core::RuntimeBinding>),
    ("core.RuntimeMetadata", through::<core::RuntimeMetadata>),
    ("core.Scalar", through::<core::Scalar>),
    ("core.Schema", through::<core::Schema>),
    ("core.SchemaType", through::<core::SchemaType>),
    (
        "core.SchemaType.SchemaColumn",
        through::<core::schema_type::SchemaColumn>,
    ),
    ("core.Secret", through::<core::Secret>),
    ("core.SecurityContext", through::<core::SecurityContext>),
    ("core.SharedMemory", through::<core::SharedMemory>),
    ("core.Sql", through::<core::Sql>),
    ("core.StructuredDataset", through::<core::StructuredDataset>),
    (
        "core.StructuredDatasetMetadata",
        through::<core::StructuredDatasetMetadata>,
    ),
    (
        "core.StructuredDatasetType",
        through::<core::StructuredDatasetType>,
    ),
    (
        "core.StructuredDatasetType.DatasetColumn",
        through::<core::structured_dataset_type::DatasetColumn>,
    ),
    ("core.TaskLog", through::<core::TaskLog>),
    ("core.TaskMetadata", through::<core::TaskMetadata>),
    ("core.TaskTemplate", through::<core::TaskTemplate>),
    ("core.TimePartition", through::<core::TimePartition>),
    ("core.TimeTransform", through::<core::TimeTransform>),
    ("core.TimeoutStrategy", through::<core::TimeoutStrategy>),
    ("core.TypeAnnotation", through::<core::TypeAnnotation>),
    ("core.TypeStructure", through::<core::TypeStructure>),
    ("core.TypedInterface", through::<core::TypedInterface>),
    ("core.Union", through::<core::Union>),
    ("core.UnionType", through::<core::UnionType>),
    ("core.Variable", through::<core::Variable>),
    ("core.VariableEntry", through::<core::VariableEntry>),
    ("core.VariableMap", through::<core::VariableMap>),
    ("core.Void", through::<core::Void>),
    ("task.Inputs", through::<task::Inputs>),
    ("task.NamedLiteral", through::<task::NamedLiteral>),
    ("task.OutputReferences", through::<task::OutputReferences>),
    ("task.Outputs", through::<task::Outputs>),
    ("task.ProducedArtifact", through::<task::ProducedArtifact>),
    ("task.TaskIdentifier", through::<task::TaskIdentifier>),
    ("workflow.ActionEvent", through::<workflow::ActionEvent>),
    ("workflow.ClusterEvent", through::<workflow::ClusterEvent>),
    (
        "workflow.ConditionAction",
        through::<workflow::ConditionAction>,
    ),
    (
        "workflow.ConditionWebhook",
        through::<workflow::ConditionWebhook>,
    ),
    ("workflow.ErrorInfo", through::<workflow::ErrorInfo>),
    ("workflow.RecordRequest", through::<workflow::RecordRequest>),
    (
        "workflow.RecordResponse",
        through::<workflow::RecordResponse>,
    ),
];
