//! A task as a control plane has it: its template, and what its pods do when they are played.

use serde_json::{Value, json};

const PRIMARY: &str = "primary";

/// A python task.
#[derive(Clone, Debug)]
pub struct Task {
    name: String,
    kind: String,
    attempts: Vec<Value>,
    metadata: Value,
    container: Value,
    /// Containers that run beside the task's own, where its pod is written out.
    beside: Option<Value>,
    more: Vec<(String, Value)>,
}

impl Task {
    /// A task whose pods run and succeed.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: "python".to_owned(),
            attempts: Vec::new(),
            metadata: json!({}),
            container: json!({}),
            beside: None,
            more: Vec::new(),
        }
    }

    /// A task with one output, which its pod writes.
    pub fn succeeding(name: &str) -> Self {
        let task = Self::new(name).returning("o0");
        task.attempt(&json!([{ "run": true }, { "outputs": { "o0": 42 } }, { "exit": 0 }]))
    }

    /// The steps of the next attempt, as `acceptance/flyte/pods/script.py` has them; the last one's are those of all after it.
    #[must_use]
    pub fn attempt(mut self, steps: &Value) -> Self {
        self.attempts.push(steps.clone());
        self
    }

    /// An integer output of this name.
    #[must_use]
    pub fn returning(self, output: &str) -> Self {
        let interface = json!({ "outputs": { "variables": [{ "key": output, "value": { "type": { "simple": "INTEGER" } } }] } });
        self.with("interface", &interface)
    }

    /// Another field of `TaskTemplate`, in protobuf's JSON.
    #[must_use]
    pub fn with(mut self, field: &str, value: &Value) -> Self {
        self.more.push((field.to_owned(), value.clone()));
        self
    }

    #[must_use]
    pub fn of_type(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.kind);
        self
    }

    /// A field of `TaskMetadata`.
    #[must_use]
    pub fn metadata(mut self, field: &str, value: &Value) -> Self {
        self.metadata[field] = value.clone();
        self
    }

    /// A field of `Container`.
    #[must_use]
    pub fn container(mut self, field: &str, value: &Value) -> Self {
        self.container[field] = value.clone();
        self
    }

    /// With its pod written out, and these containers beside its own, which is `primary`.
    #[must_use]
    pub fn beside(mut self, containers: &Value) -> Self {
        self.beside = Some(containers.clone());
        self.of_type("sidecar").with("taskTypeVersion", &json!(2))
    }

    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        self.metadata("retries", &json!({ "retries": retries }))
    }

    #[must_use]
    pub fn timeout(self, seconds: u32) -> Self {
        self.metadata("timeout", &json!(format!("{seconds}s")))
    }

    /// `TaskTemplate` in protobuf's JSON.
    pub fn template(&self) -> Value {
        let mut container = json!({
            "image": "localhost/task:1",
            "args": [
                "a0", "--inputs", "{{.input}}", "--outputs-path", "{{.outputPrefix}}", "--version", "1",
                "--raw-data-path", "{{.rawOutputDataPrefix}}", "--run-name", "{{.runName}}", "--name", "{{.actionName}}",
            ],
        });
        if !self.attempts.is_empty() {
            let script = Value::Array(self.attempts.clone()).to_string();
            container["env"] = json!([{ "key": "POD_SCRIPT", "value": script }]);
        }
        merge(&mut container, &self.container);
        let mut metadata =
            json!({ "runtime": { "type": "FLYTE_SDK", "version": "2.12.1", "flavor": "python" } });
        merge(&mut metadata, &self.metadata);
        let mut template = json!({
            "id": { "resourceType": "TASK", "project": "tests", "domain": "development", "name": self.name, "version": "1" },
            "type": self.kind,
            "metadata": metadata,
        });
        match &self.beside {
            None => template["container"] = container,
            Some(beside) => {
                template["k8sPod"] = json!({
                    "primaryContainerName": PRIMARY, "podSpec": { "containers": written_out(container, beside) },
                });
                template["config"] = json!({ "primary_container_name": PRIMARY });
            }
        }
        for (field, value) in &self.more {
            template[field] = value.clone();
        }
        template
    }
}

/// All containers as Kubernetes has them, the task's own last.
fn written_out(mut own: Value, beside: &Value) -> Value {
    own["name"] = json!(PRIMARY);
    for variable in own["env"].as_array_mut().into_iter().flatten() {
        let name = variable["key"].take();
        *variable = json!({ "name": name, "value": variable["value"] });
    }
    let mut containers = beside.as_array().cloned().unwrap_or_default();
    containers.push(own);
    Value::Array(containers)
}

fn merge(into: &mut Value, from: &Value) {
    for (field, value) in from.as_object().into_iter().flatten() {
        into[field] = value.clone();
    }
}
