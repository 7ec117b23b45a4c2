//! Waiting for Deployments, and saying which pod is why one is not there.

use framework::{
    Diagnostic, Result,
    wait::{self, Deadline, Poll, Stoppable},
};
use serde_json::Value;

use super::{
    error::Error,
    objects::{Kind, Object, ObjectRef, Objects},
    outage::Outage,
    set,
};

/// Waits until every Deployment among these names runs what was applied.
pub async fn complete(
    stop: &impl Stoppable,
    deadline: Deadline,
    objects: &dyn Objects,
    names: &[ObjectRef],
) -> Result<()> {
    let names: Vec<ObjectRef> = names
        .iter()
        .filter(|name| name.kind.kind == "Deployment")
        .cloned()
        .collect();
    let names = &names;
    let outage = &Outage::default();
    wait::until(
        stop,
        deadline,
        "the operator's pods to be ready",
        || async move {
            let problems = problems(objects, names).await;
            // A rollout survives an API server that restarts.
            outage.outlast(problems.map(|problems| {
                if problems.is_empty() {
                    Poll::Ready(())
                } else {
                    Poll::Pending(problems.join("; "))
                }
            }))
        },
    )
    .await
}

/// What keeps these Deployments from running what was applied; nothing when all of them do.
async fn problems(
    objects: &dyn Objects,
    names: &[ObjectRef],
) -> std::result::Result<Vec<String>, Error> {
    let live = set::fetch(objects, names).await?;
    let mut problems: Vec<String> = names
        .iter()
        .filter(|name| !live.contains_key(name))
        .map(|name| format!("{name} is gone"))
        .collect();
    for deployment in live.values().filter(|deployment| !is_complete(deployment)) {
        problems.push(problem(objects, deployment).await?);
    }
    Ok(problems)
}

/// Whether every Deployment runs what was applied.
pub fn health<'a>(live: impl IntoIterator<Item = &'a Object>) -> &'static str {
    let mut deployments = live
        .into_iter()
        .filter(|live| live.text("/kind") == "Deployment")
        .peekable();
    if deployments.peek().is_some() && deployments.all(is_complete) {
        "ready"
    } else {
        "degraded"
    }
}

fn is_complete(deployment: &Object) -> bool {
    let replicas = deployment
        .0
        .pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .unwrap_or(1);
    deployment.number("/status/observedGeneration") >= deployment.number("/metadata/generation")
        && deployment.number("/status/updatedReplicas") >= replicas
        && deployment.number("/status/availableReplicas") >= replicas
        && deployment.number("/status/replicas") <= replicas
}

/// What keeps a Deployment from being complete, in a sentence.
async fn problem(objects: &dyn Objects, deployment: &Object) -> std::result::Result<String, Error> {
    let reason = reason(objects, deployment).await?;
    Ok(format!("{}: {reason}", deployment.reference()))
}

async fn reason(objects: &dyn Objects, deployment: &Object) -> std::result::Result<String, Error> {
    let selector: Vec<String> = deployment
        .0
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let name = deployment.reference();
    let pods = objects
        .list(
            &Kind::new("v1", "Pod"),
            name.namespace.as_deref(),
            &selector.join(","),
        )
        .await?;
    let refused = deployment
        .items("/status/conditions")
        .iter()
        .find(|condition| condition["type"] == "ReplicaFailure" && condition["status"] == "True");
    if let Some(condition) = refused {
        // Pod Security, a quota or a webhook said no: the message names which.
        return Ok(format!(
            "its pods are refused: {}",
            condition["message"].as_str().unwrap_or_default()
        ));
    }
    let mut reasons: Vec<String> = pods.iter().filter_map(pod_problem).collect();
    reasons.dedup();
    Ok(if reasons.is_empty() {
        format!(
            "{} of {} pods are available",
            deployment.number("/status/availableReplicas"),
            deployment
                .0
                .pointer("/spec/replicas")
                .and_then(Value::as_i64)
                .unwrap_or(1)
        )
    } else {
        reasons.join(", ")
    })
}

fn pod_problem(pod: &Object) -> Option<String> {
    let name = pod.name();
    if pod.is_deleting() {
        return None;
    }
    let unscheduled = pod
        .items("/status/conditions")
        .iter()
        .find(|condition| condition["type"] == "PodScheduled" && condition["status"] == "False");
    if let Some(condition) = unscheduled {
        return Some(format!(
            "pod {name} finds no node: {}",
            condition["message"].as_str().unwrap_or("no reason given")
        ));
    }
    let containers = pod
        .items("/status/initContainerStatuses")
        .iter()
        .chain(pod.items("/status/containerStatuses"));
    for container in containers {
        let text = |pointer: &str| {
            container
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let waiting = text("/state/waiting/reason");
        let ended = ["/state/terminated", "/lastState/terminated"]
            .iter()
            .find_map(|state| container.pointer(state))
            .filter(|state| state["exitCode"] != 0)
            .map(|state| {
                let said = state["message"]
                    .as_str()
                    .map(|said| format!(", last words: {}", said.trim()))
                    .unwrap_or_default();
                format!(
                    "{} with exit code {}{said}",
                    state["reason"].as_str().unwrap_or("ended"),
                    state["exitCode"]
                )
            });
        match (waiting, ended) {
            ("" | "ContainerCreating" | "PodInitializing", None) => {}
            ("", Some(ended)) => return Some(format!("pod {name}: {ended}")),
            (waiting, Some(ended)) => return Some(format!("pod {name}: {waiting} after {ended}")),
            (waiting, None) => {
                return Some(format!(
                    "pod {name}: {waiting}: {}",
                    text("/state/waiting/message")
                ));
            }
        }
    }
    let phase = pod.text("/status/phase");
    let ready = pod
        .items("/status/conditions")
        .iter()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    (!ready).then(|| match phase {
        "Running" => format!("pod {name} runs and is not ready yet"),
        phase => format!(
            "pod {name} is {}",
            if phase.is_empty() {
                "not started"
            } else {
                phase
            }
        ),
    })
}

/// What to do about a rollout that did not complete during a create.
pub fn advice(namespace: &str, instance: &str) -> Diagnostic {
    Diagnostic::warning(
        "the operator was applied, but its pods are not ready",
        format!(
            "Look at them with\n\n  kubectl -n {namespace} get pods -l app.kubernetes.io/instance={instance}\n  \
             kubectl -n {namespace} describe pods -l app.kubernetes.io/instance={instance}\n  \
             kubectl -n {namespace} logs -l app.kubernetes.io/instance={instance} --prefix\n\n\
             Terraform marks the resource as tainted and would make it anew at the next apply. When the pods become ready after all, keep \
             what is there with `terraform untaint <address of the resource>`."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{
        error::Verb,
        memory::{Cluster, FaultKind, Rollouts},
    };
    use serde_json::json;

    async fn problem_of(pod: Value, condition: Value) -> String {
        let cluster = Cluster::default();
        cluster.set_rollouts(Rollouts::Stuck);
        cluster.put(
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "union" } }),
        );
        let mut pod = pod;
        pod["apiVersion"] = json!("v1");
        pod["kind"] = json!("Pod");
        pod["metadata"] =
            json!({ "name": "executor-1", "namespace": "union", "labels": { "app": "executor" } });
        cluster.put(pod);
        let deployment = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "executor", "namespace": "union" },
            "spec": { "replicas": 1, "selector": { "matchLabels": { "app": "executor" } } } });
        cluster.put(deployment.clone());
        let name = Object(deployment).reference();
        if !condition.is_null() {
            cluster.set_conditions(&name, json!([condition]));
        }
        problem(&cluster, &cluster.find(&name).unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_question_without_an_answer_is_asked_again() {
        let cluster = Cluster::default();
        cluster.set_rollouts(Rollouts::Stuck);
        cluster.put(
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "union" } }),
        );
        let deployment = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "executor", "namespace": "union" },
            "spec": { "replicas": 1, "selector": { "matchLabels": { "app": "executor" } } } });
        cluster.put(deployment.clone());
        let name = Object(deployment).reference();
        for verb in [Verb::Get, Verb::List] {
            cluster.fault(verb, "", FaultKind::AnswerLost);
        }
        let said = complete(
            &tokio_util::sync::CancellationToken::new(),
            Deadline::after(std::time::Duration::from_secs(2)),
            &cluster,
            &[name],
        )
        .await
        .unwrap_err();
        assert!(
            said.to_string().contains("0 of 1 pods are available"),
            "{said}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_api_server_that_stays_away_is_what_is_told_in_the_end() {
        let cluster = Cluster::default();
        let name = ObjectRef::new("apps/v1", "Deployment", Some("union"), "executor");
        for _ in 0..100 {
            let dead = Error::Unreachable {
                host: "https://k8s.example".to_owned(),
                reason: "connection refused".to_owned(),
            };
            cluster.fault(Verb::Get, "", FaultKind::Fails(dead));
        }
        let said = complete(
            &tokio_util::sync::CancellationToken::new(),
            Deadline::after(std::time::Duration::from_mins(2)),
            &cluster,
            &[name],
        )
        .await
        .unwrap_err()
        .to_string();
        let (_, told) = said.split_once("not been available for ").unwrap();
        let seconds: u64 = told.split(' ').next().unwrap().parse().unwrap();
        assert!((100..=120).contains(&seconds), "{said}");
        assert!(told.contains("connection refused"), "{said}");
    }

    #[tokio::test]
    async fn the_pod_that_is_why_is_named() {
        let pulls = json!({ "status": { "containerStatuses": [{ "state": { "waiting": { "reason": "ImagePullBackOff", "message": "manifest unknown" } } }] } });
        assert_eq!(
            problem_of(pulls, Value::Null).await,
            "Deployment union/executor: pod executor-1: ImagePullBackOff: manifest unknown"
        );
        let crashes = json!({ "status": { "containerStatuses": [{ "state": { "waiting": { "reason": "CrashLoopBackOff" } },
            "lastState": { "terminated": { "reason": "Error", "exitCode": 78, "message": "line 3: image: wrong" } } }] } });
        let crash = problem_of(crashes, Value::Null).await;
        assert!(
            crash.contains(
                "CrashLoopBackOff after Error with exit code 78, last words: line 3: image: wrong"
            ),
            "{crash}"
        );
        let homeless = json!({ "status": { "conditions": [{ "type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: Insufficient cpu" }] } });
        assert!(
            problem_of(homeless, Value::Null)
                .await
                .contains("Insufficient cpu")
        );
    }

    #[tokio::test]
    async fn what_admission_refuses_is_told() {
        let refused = json!({ "type": "ReplicaFailure", "status": "True", "message": "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\"" });
        assert!(
            problem_of(json!({}), refused)
                .await
                .contains("violates PodSecurity")
        );
    }
}
