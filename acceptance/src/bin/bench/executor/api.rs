//! The API server as a plain client sees it: it makes the actions, and watches when what happens to them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use acceptance::{
    cluster::{Cluster, Keys},
    issuer,
};
use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use dataplane_proto::flyteidl2::{
    core::{Container, LiteralType, SimpleType, TaskTemplate, literal_type, task_template::Target},
    workflow::ConditionAction,
};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};

pub const NAMESPACE: &str = "bench-development";

/// Requests at a time.
const CONCURRENCY: usize = 16;

#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    endpoint: String,
    token: String,
}

/// What an action is.
pub enum Kind {
    Task,
    /// It waits for somebody who says yes.
    Condition,
}

/// The moments of one action.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    pub created: Option<Instant>,
    pub pod: Option<Instant>,
    pub pod_ended: Option<Instant>,
    pub ended: Option<Instant>,
}

/// By the names of the actions' resources.
pub type Seen = Arc<Mutex<HashMap<String, Moments>>>;

/// Ends when it is dropped: it costs more than what is measured after it.
pub struct Watch {
    pub seen: Seen,
    following: Vec<JoinHandle<Result<()>>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        for following in &self.following {
            following.abort();
        }
    }
}

impl Kind {
    /// The fields of `spec` that say so.
    fn fields(&self) -> Value {
        match self {
            Self::Task => {
                let template = task_template().encode_to_vec();
                json!({ "taskType": "python", "taskTemplate": BASE64_STANDARD.encode(template) })
            }
            Self::Condition => {
                let condition = ConditionAction {
                    name: "approval".to_owned(),
                    r#type: Some(LiteralType {
                        r#type: Some(literal_type::Type::Simple(SimpleType::Boolean.into())),
                        ..LiteralType::default()
                    }),
                    ..ConditionAction::default()
                };
                let condition = BASE64_STANDARD.encode(condition.encode_to_vec());
                json!({ "actionType": "condition", "conditionSpec": condition })
            }
        }
    }
}

fn task_template() -> TaskTemplate {
    TaskTemplate {
        r#type: "python".to_owned(),
        target: Some(Target::Container(Container {
            image: "localhost/task:1".to_owned(),
            args: [
                "a0",
                "--inputs",
                "{{.input}}",
                "--outputs-path",
                "{{.outputPrefix}}",
            ]
            .map(str::to_owned)
            .to_vec(),
            ..Container::default()
        })),
        ..TaskTemplate::default()
    }
}

impl Api {
    /// As an administrator.
    pub fn of(cluster: &Cluster) -> Result<Self> {
        let kubectl = cluster.kubectl()?;
        kubectl.create_namespace(NAMESPACE)?;
        kubectl.run(&["create", "serviceaccount", "bench", "-n", "default"])?;
        let admin = [
            "create",
            "clusterrolebinding",
            "bench",
            "--clusterrole=cluster-admin",
            "--serviceaccount=default:bench",
        ];
        kubectl.run(&admin)?;
        let Keys::At { ca_certificate, .. } = cluster.keys()? else {
            bail!("the bench has a cluster of its own");
        };
        let certificate = reqwest::Certificate::from_pem(ca_certificate.as_bytes())?;
        Ok(Self {
            client: reqwest::Client::builder()
                .tls_certs_only([certificate])
                .no_proxy()
                .build()?,
            endpoint: cluster.endpoint(),
            token: kubectl
                .run(&["create", "token", "bench", "-n", "default"])?
                .trim()
                .to_owned(),
        })
    }

    /// Makes the root actions of runs with these names, as fast as the API server takes them.
    pub fn create(
        &self,
        runs: impl IntoIterator<Item = String>,
        kind: &Kind,
        seen: Option<&Seen>,
    ) -> Result<()> {
        let what = kind.fields();
        issuer::runtime().block_on(async {
            let places = Arc::new(Semaphore::new(CONCURRENCY));
            let mut making = JoinSet::new();
            for run in runs {
                let (api, places) = (self.clone(), Arc::clone(&places));
                let (seen, what) = (seen.map(Arc::clone), what.clone());
                making.spawn(async move {
                    let _place = places.acquire().await?;
                    api.create_one(&run, what).await?;
                    if let Some(seen) = seen {
                        lock(&seen).entry(format!("{run}-a0")).or_default().created =
                            Some(Instant::now());
                    }
                    anyhow::Ok(())
                });
            }
            while let Some(made) = making.join_next().await {
                made??;
            }
            Ok(())
        })
    }

    async fn create_one(&self, run: &str, what: Value) -> Result<()> {
        let base = format!("s3://executor-metadata/acme/bench/development/{run}/");
        let mut action = json!({
            "apiVersion": "flyte.org/v1", "kind": "TaskAction",
            "metadata": { "name": format!("{run}-a0") },
            "spec": {
                "runName": run, "project": "bench", "domain": "development", "actionName": "a0",
                "inputUri": format!("{base}inputs"), "runOutputBase": base,
            },
        });
        if let (Some(spec), Value::Object(what)) = (action["spec"].as_object_mut(), what) {
            spec.extend(what);
        }
        let url = format!(
            "{}/apis/flyte.org/v1/namespaces/{NAMESPACE}/taskactions",
            self.endpoint
        );
        let answer = self
            .client
            .post(url)
            .bearer_auth(&self.token)
            .json(&action)
            .send()
            .await?;
        let status = answer.status();
        // Read to its end also when nobody wants it: an answer that is let go resets its stream, and many resets the connection.
        let text = answer.text().await?;
        ensure!(status.is_success(), "{status} {text}");
        Ok(())
    }

    /// Follows pods and actions from now on.
    pub fn watch(&self) -> Result<Watch> {
        let seen = Seen::default();
        let mut following = Vec::new();
        for path in [
            format!("api/v1/namespaces/{NAMESPACE}/pods"),
            format!("apis/flyte.org/v1/namespaces/{NAMESPACE}/taskactions"),
        ] {
            let url = format!("{}/{path}?watch=true", self.endpoint);
            let answer = issuer::runtime()
                .block_on(self.client.get(&url).bearer_auth(&self.token).send())?;
            ensure!(answer.status().is_success(), "watching {url}");
            following.push(issuer::runtime().spawn(follow(answer, Arc::clone(&seen))));
        }
        Ok(Watch { seen, following })
    }
}

async fn follow(mut answer: reqwest::Response, seen: Seen) -> Result<()> {
    let mut rest = Vec::new();
    while let Some(part) = answer.chunk().await? {
        let now = Instant::now();
        rest.extend_from_slice(&part);
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            note(&seen, &serde_json::from_slice(&line)?, now)?;
        }
    }
    Ok(())
}

/// The first time of everything.
fn note(seen: &Seen, event: &Value, now: Instant) -> Result<()> {
    let object = &event["object"];
    let name = object["metadata"]["name"].as_str().context("a name")?;
    let mut seen = lock(seen);
    if object["kind"] == "Pod" {
        // The pod of the first attempt: `<action>-0`.
        let moments = seen
            .entry(name.trim_end_matches("-0").to_owned())
            .or_default();
        moments.pod.get_or_insert(now);
        if object["status"]["phase"] == "Succeeded" {
            moments.pod_ended.get_or_insert(now);
        }
        return Ok(());
    }
    let succeeded = object["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Succeeded" && condition["status"] == "True");
    if succeeded {
        seen.entry(name.to_owned())
            .or_default()
            .ended
            .get_or_insert(now);
    }
    Ok(())
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
