//! `TaskAction` of Flyte 2 (`flyte.org/v1`): one action of a run, as the control plane asks for it and the executor
//! reports it. Fields, limits and columns are those of Flyte's own definition, so that its services can use ours.

use std::collections::BTreeMap;

use k8s_openapi::{
    ByteString,
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
};
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is to be run.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
#[kube(
    group = "flyte.org",
    version = "v1",
    kind = "TaskAction",
    plural = "taskactions",
    namespaced,
    status = "TaskActionStatus",
    derive = "PartialEq",
    doc = "One action of a run: what is to be run, and how far it is.",
    crates(kube_core = "::kube_core"),
    printcolumn = r#"{"name":"Run","type":"string","jsonPath":".spec.runName"}"#,
    printcolumn = r#"{"name":"Action","type":"string","jsonPath":".spec.actionName"}"#,
    printcolumn = r#"{"name":"TaskType","type":"string","jsonPath":".spec.taskType"}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.conditions[?(@.type==\"Progressing\")].reason"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Progressing","type":"string","jsonPath":".status.conditions[?(@.type==\"Progressing\")].status","priority":1}"#,
    printcolumn = r#"{"name":"Succeeded","type":"string","jsonPath":".status.conditions[?(@.type==\"Succeeded\")].status","priority":1}"#,
    printcolumn = r#"{"name":"Failed","type":"string","jsonPath":".status.conditions[?(@.type==\"Failed\")].status","priority":1}"#
)]
pub struct TaskActionSpec {
    /// Run that this is an action of.
    #[schemars(length(min = 1, max = 30))]
    pub run_name: String,
    /// Project of the run.
    #[schemars(length(min = 1, max = 63))]
    pub project: String,
    /// Domain of the run.
    #[schemars(length(min = 1, max = 63))]
    pub domain: String,
    /// Name of the action, unique in its run; the root's is `a0`.
    #[schemars(length(min = 1, max = 30))]
    pub action_name: String,
    /// Action that asked for this one; none for the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 30))]
    pub parent_action_name: Option<String>,
    /// What kind of action it is; a task when empty.
    #[serde(default, skip_serializing_if = "ActionType::is_unset")]
    pub action_type: ActionType,
    /// Protobuf `flyteidl2.workflow.ConditionAction`, for a condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bytes")]
    pub condition_spec: Option<ByteString>,
    /// Where the inputs are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub input_uri: String,
    /// Where the outputs of the run go.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run_output_base: String,
    /// Overrides the cache version of the task.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 256))]
    pub cache_key: String,
    /// Type of the task, which chooses what runs it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    pub task_type: String,
    /// Short name of the task, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    pub short_name: String,
    /// Protobuf `flyteidl2.core.TaskTemplate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bytes")]
    pub task_template: Option<ByteString>,
    /// Environment of the task's containers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env_vars: BTreeMap<String, String>,
    /// Whether the task may run on interruptible nodes; as its template says when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub interruptible: Option<bool>,
    /// How another run did it, which this one recovers: then it is not to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RecoveredFrom")]
    pub recovered_from: Option<RecoveredFrom>,
    /// Group of actions that belong together, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 256))]
    pub group: String,
}

/// How an action ended in a run that another recovers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveredFrom {
    /// The run that is recovered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_run_name: String,
    /// The object of the outputs, where it left any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output_uri: String,
    /// Protobuf `flyteidl2.core.Literal` that a condition was signalled with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bytes")]
    pub output: Option<ByteString>,
    /// The attempt that succeeded.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(schema_with = "count")]
    pub attempts: u32,
    /// `flyteidl2.core.CatalogCacheStatus`, as its number.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(schema_with = "count")]
    pub cache_status: u32,
}

/// What kind of action it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ActionType {
    /// Not said: a task.
    #[default]
    #[serde(rename = "")]
    Unset,
    /// Runs a container.
    #[serde(rename = "task")]
    Task,
    /// Waits for a signal.
    #[serde(rename = "condition")]
    Condition,
}

impl ActionType {
    /// Whether nothing was said.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's skip_serializing_if passes a reference"
    )]
    fn is_unset(&self) -> bool {
        *self == Self::Unset
    }
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
pub struct TaskActionStatus {
    /// State for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state_json: String,
    /// State of the executor's own, opaque to all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bytes")]
    pub plugin_state: Option<ByteString>,
    /// Version of `pluginState`.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(schema_with = "count")]
    pub plugin_state_version: u32,
    /// Phase of what runs the task.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub plugin_phase: String,
    /// Counts changes within a phase.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(schema_with = "count")]
    pub plugin_phase_version: u32,
    /// Number of the current attempt, from one.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(schema_with = "count")]
    pub attempts: u32,
    /// Failures that were not the task's own.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(schema_with = "count")]
    pub system_failures: u32,
    /// `flyteidl2.core.CatalogCacheStatus`, as its number.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(schema_with = "count")]
    pub cache_status: u32,
    /// `Progressing`, `Succeeded` and `Failed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The phases that it went through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phase_history: Vec<PhaseTransition>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ErrorState")]
    pub error_state: Option<ErrorState>,
    /// Protobuf `flyteidl2.core.Literal` that a condition was signalled with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bytes")]
    pub signal_value: Option<ByteString>,
    /// Who signalled a condition.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signalled_by: String,
    /// When a condition was signalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub signalled_at: Option<Time>,
}

/// A phase that was entered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhaseTransition {
    /// The phase.
    pub phase: String,
    /// When.
    pub occurred_at: Time,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Why an action failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorState {
    /// Code, for programs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Whose fault it was.
    #[serde(default, skip_serializing_if = "ErrorKind::is_unset")]
    pub kind: ErrorKind,
    /// Sentence, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Whose fault a failure was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ErrorKind {
    /// Not said.
    #[default]
    #[serde(rename = "")]
    Unset,
    /// The task's.
    #[serde(rename = "USER")]
    User,
    /// The platform's.
    #[serde(rename = "SYSTEM")]
    System,
}

impl ErrorKind {
    /// Whether nothing was said.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's skip_serializing_if passes a reference"
    )]
    fn is_unset(&self) -> bool {
        *self == Self::Unset
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Base64 in JSON, as Kubernetes writes bytes.
fn bytes(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "format": "byte" })
}

/// An unsigned number of 32 bits, since all of these are. The API server knows no unsigned formats and warns of them.
fn count(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": u32::MAX })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinitionVersion;

    use super::*;

    fn version() -> CustomResourceDefinitionVersion {
        crate::crds().remove(0).spec.versions.remove(0)
    }

    #[test]
    fn it_is_flytes_resource() {
        let definition = crate::crds().remove(0);
        assert_eq!(
            definition.metadata.name.as_deref(),
            Some("taskactions.flyte.org")
        );
        assert_eq!(definition.spec.names.kind, "TaskAction");
        assert_eq!(
            definition.spec.names.list_kind.as_deref(),
            Some("TaskActionList")
        );
        assert_eq!(definition.spec.scope, "Namespaced");
        let columns: Vec<String> = version()
            .additional_printer_columns
            .unwrap()
            .into_iter()
            .map(|column| column.name)
            .collect();
        assert_eq!(
            columns,
            [
                "Run",
                "Action",
                "TaskType",
                "Status",
                "Age",
                "Progressing",
                "Succeeded",
                "Failed"
            ]
        );
        assert!(version().subresources.unwrap().status.is_some());
    }

    #[test]
    fn limits_are_in_the_schema() {
        let schema = serde_json::to_value(version().schema.unwrap()).unwrap();
        let spec = |pointer: &str| {
            schema
                .pointer(&format!("/openAPIV3Schema/properties/spec/{pointer}"))
                .cloned()
        };
        assert_eq!(
            spec("required").unwrap(),
            serde_json::json!(["actionName", "domain", "project", "runName"])
        );
        assert_eq!(spec("properties/runName/maxLength").unwrap(), 30);
        assert_eq!(spec("properties/cacheKey/maxLength").unwrap(), 256);
        assert_eq!(
            spec("properties/actionType/enum").unwrap(),
            serde_json::json!(["", "task", "condition"])
        );
        assert_eq!(spec("properties/taskTemplate/format").unwrap(), "byte");
        for count in ["attempts", "cacheStatus"] {
            let most = spec(&format!(
                "properties/recoveredFrom/properties/{count}/maximum"
            ));
            assert_eq!(most.unwrap().as_f64(), Some(u32::MAX.into()), "{count}");
        }
        assert_eq!(spec("x-kubernetes-preserve-unknown-fields").unwrap(), true);
    }

    #[test]
    fn reads_what_flyte_writes() {
        let resource: TaskAction = serde_json::from_value(serde_json::json!({
            "apiVersion": "flyte.org/v1", "kind": "TaskAction",
            "metadata": { "name": "r7-a0", "namespace": "fraud-staging" },
            "spec": {
                "runName": "r7", "project": "fraud", "domain": "staging", "actionName": "a0", "actionType": "task",
                "taskTemplate": "CgA=", "interruptible": true, "aLaterField": 1,
                "recoveredFrom": { "sourceRunName": "r6", "outputUri": "s3://b/o", "attempts": 2, "cacheStatus": 3 },
            },
            "status": {
                "attempts": 1, "cacheStatus": 2, "pluginStateVersion": 3,
                "conditions": [{ "type": "Progressing", "status": "True", "reason": "Queued", "message": "", "lastTransitionTime": "2026-01-02T03:04:05Z" }],
                "phaseHistory": [{ "phase": "Queued", "occurredAt": "2026-01-02T03:04:05Z", "message": "" }],
                "errorState": { "code": "X", "kind": "USER", "message": "m" },
            },
        }))
        .unwrap();
        assert_eq!(resource.spec.task_template, Some(ByteString(vec![10, 0])));
        let recovered = resource.spec.recovered_from.unwrap();
        assert_eq!(
            (recovered.source_run_name.as_str(), recovered.attempts),
            ("r6", 2)
        );
        let status = resource.status.unwrap();
        assert_eq!(status.error_state.unwrap().kind, ErrorKind::User);
        assert_eq!(status.conditions[0].reason, "Queued");
    }
}
