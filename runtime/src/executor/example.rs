//! Settings, templates and actions of tests.

use dataplane_api::{OperatorConfig, config::ExecutorSettings, task_action::TaskAction};
use dataplane_proto::flyteidl2::core;
use k8s_openapi::ByteString;
use prost::Message;
use serde_json::{Value, json};

use super::{action::Action, settings::Settings};

/// Settings of a data plane on Amazon, with these of the executor and this layout.
pub fn settings(executor: Value, layout: &str) -> Settings {
    let config: OperatorConfig = serde_json::from_value(json!({
        "organization": "acme",
        "cluster_name": "acme-prod",
        "image": "registry.example/dataplane-operator:1.0.0",
        "control_plane": { "endpoint": "https://control.example", "audience": "control-plane" },
        "storage": {
            "metadata": "s3://acme-metadata",
            "fast_registration": "s3://acme-code",
            "layout": layout,
        },
    }))
    .unwrap();
    let executor: ExecutorSettings = serde_json::from_value(executor).unwrap();
    Settings::new(&config, executor)
}

/// The template of a task as the SDK writes it.
pub fn python() -> core::TaskTemplate {
    let arguments = [
        "a0",
        "--inputs",
        "{{.input}}",
        "--outputs-path",
        "{{.outputPrefix}}",
        "--version",
        "v1",
        "--raw-data-path",
        "{{.rawOutputDataPrefix}}",
        "--checkpoint-path",
        "{{.checkpointOutputPrefix}}",
        "--prev-checkpoint",
        "{{.prevCheckpointPrefix}}",
        "--run-name",
        "{{.runName}}",
        "--name",
        "{{.actionName}}",
        "--tgz",
        "s3://acme-code/fraud/staging/code.tgz",
        "--dest",
        ".",
    ];
    core::TaskTemplate {
        id: Some(core::Identifier {
            project: "fraud".to_owned(),
            domain: "staging".to_owned(),
            name: "env.train".to_owned(),
            version: "v1".to_owned(),
            ..core::Identifier::default()
        }),
        r#type: "python".to_owned(),
        metadata: Some(core::TaskMetadata {
            runtime: Some(core::RuntimeMetadata {
                r#type: core::runtime_metadata::RuntimeType::FlyteSdk.into(),
                ..core::RuntimeMetadata::default()
            }),
            ..core::TaskMetadata::default()
        }),
        target: Some(core::task_template::Target::Container(core::Container {
            image: "registry.example/train:v1".to_owned(),
            args: arguments.map(str::to_owned).to_vec(),
            ..core::Container::default()
        })),
        ..core::TaskTemplate::default()
    }
}

/// The resource of an action that runs a template.
pub fn resource(template: &core::TaskTemplate) -> TaskAction {
    let mut resource: TaskAction = serde_json::from_value(json!({
        "apiVersion": "flyte.org/v1",
        "kind": "TaskAction",
        "metadata": {
            "name": "r7-a0",
            "namespace": "fraud-staging",
            "uid": "4d0f6a1e-0000-0000-0000-000000000000",
            "labels": { "flyte.org/run": "r7", "team": "risk" },
            "annotations": { "note": "kept", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
        },
        "spec": {
            "runName": "r7",
            "project": "fraud",
            "domain": "staging",
            "actionName": "a0",
            "actionType": "task",
            "taskType": template.r#type,
            "inputUri": "s3://acme-metadata/acme/fraud/staging/r7/inputs/inputs.pb",
            "runOutputBase": "s3://acme-metadata/acme/fraud/staging/r7/",
            "envVars": { "TRACE_ID": "t-1", "ACTION_NAME": "another" },
        },
    }))
    .unwrap();
    resource.spec.task_template = Some(ByteString(template.encode_to_vec()));
    resource
}

/// The action that runs a template.
pub fn action(template: &core::TaskTemplate, settings: &Settings) -> Action {
    Action::parse(&resource(template), settings).unwrap()
}

/// JSON as protobuf has it.
pub fn structure(value: Value) -> prost_types::Struct {
    let Value::Object(fields) = value else {
        panic!("not an object");
    };
    prost_types::Struct {
        fields: fields
            .into_iter()
            .map(|(name, value)| (name, json_value(value)))
            .collect(),
    }
}

fn json_value(value: Value) -> prost_types::Value {
    use prost_types::value::Kind;
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap()),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(values) => Kind::ListValue(prost_types::ListValue {
            values: values.into_iter().map(json_value).collect(),
        }),
        object @ Value::Object(_) => Kind::StructValue(structure(object)),
    };
    prost_types::Value { kind: Some(kind) }
}
