//! Steps that are about pods: what is seen of them, what they left, making and deleting them.

use std::{num::NonZeroU32, sync::Arc};

use dataplane_api::task_action::ErrorKind;
use dataplane_proto::flyteidl2::core::CatalogCacheStatus;
use k8s_openapi::{
    api::core::v1::{ContainerStatus, Pod, Secret},
    jiff::{SignedDuration, Timestamp},
};

use super::{Look, Objects, ReconcileError, Reconciler, Sink, Unread, look::Live};
use crate::{
    executor::{
        action::Action,
        cache::{Claim, Unclear},
        decide::{self, PodSeen, PodView, Refused},
        failure::{Failure, Retry},
        kept::KeptPod,
        kubernetes::{self, CallError, Creation},
        labels, observe, pod, running_time,
        subject::Refusal,
        transition::Phase,
    },
    process::chain,
};

/// How long an object store that forbids reading is waited for, once the pod has ended.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);
/// So long after its pod was to be made an action tells why it is not: a second or third try is over by then.
const OVERDUE: SignedDuration = SignedDuration::from_secs(3);

impl<S: Sink, O: Objects> Reconciler<S, O> {
    pub(super) fn pod_seen(&self, look: &Look, attempt: NonZeroU32, now: Timestamp) -> PodSeen {
        let live = look.found.pod.as_ref();
        let known = self.pods.get(&look.pod_key(attempt));
        let pod = match (live, &known) {
            (Some(Live::Gone), _) => return PodSeen::Gone,
            (Some(Live::Is(pod)), _) => pod,
            (None, Some(known)) => &known.pod,
            (None, None) => return PodSeen::Missing,
        };
        if labels::owner(pod).is_none_or(|owner| owner.uid != look.uid()) {
            return PodSeen::Foreign(kubernetes::maker(pod));
        }
        let (began, finished) = running_time::of(pod);
        PodSeen::Ours(PodView {
            uid: pod.metadata.uid.clone().unwrap_or_default(),
            deleting: pod.metadata.deletion_timestamp.is_some(),
            ends_by: pod.metadata.deletion_timestamp.as_ref().map(|time| time.0),
            ended: has_ended(pod),
            observation: observe::observe(pod, now, &self.settings),
            began,
            finished,
            fresh: look.found.made,
            logs: observe::log_context(pod),
        })
    }

    /// What can't be read and won't pass by itself is waited for, since it is somebody's to mend; but not for ever.
    pub(super) async fn read_outcome(
        &self,
        look: &mut Look,
        prefix: &str,
        outputs: bool,
    ) -> Result<(), ReconcileError<O::Error>> {
        look.found.outcome = match self
            .objects
            .outcome(prefix, outputs, &look.state.left)
            .await
        {
            Ok(outcome) => Some(outcome),
            Err(error) if !error.may_pass() && self.has_waited(look) => Some(Err(Failure {
                code: "OutcomeUnreadable".to_owned(),
                message: format!(
                    "what the attempt left in the object store could not be read: {}",
                    chain(&error)
                ),
                kind: ErrorKind::System,
                retry: Retry::No,
            })),
            Err(error) => return Err(ReconcileError::Objects(error)),
        };
        Ok(())
    }

    /// Whether the pod has been at its end for long.
    pub(super) fn has_waited(&self, look: &Look) -> bool {
        let attempt = NonZeroU32::new(look.task.status.attempts).unwrap_or(NonZeroU32::MIN);
        let pod = self.pods.get(&look.pod_key(attempt));
        let ended = pod.and_then(|pod| running_time::of(&pod.pod).1.or(last_change(&pod.pod)));
        ended.is_some_and(|ended| (self.clock)().duration_since(ended) > PATIENCE)
    }

    pub(super) async fn ask_cache(
        &self,
        look: &mut Look,
        attempt: NonZeroU32,
    ) -> Result<(), ReconcileError<O::Error>> {
        if let Some(action) = self.action(look).await? {
            let claim = self.claim(look).await?;
            let reused = self.objects.look_up(&action, claim.as_ref(), attempt);
            look.found.reused = Some(reused.await);
        }
        Ok(())
    }

    pub(super) async fn keep_result(
        &self,
        look: &mut Look,
        attempt: NonZeroU32,
    ) -> Result<(), ReconcileError<O::Error>> {
        look.found.kept = match self.action(look).await? {
            Some(action) => {
                let claim = self.claim(look).await?;
                Some(self.objects.keep(&action, claim.as_ref(), attempt).await)
            }
            None => Some(CatalogCacheStatus::CachePutFailure),
        };
        Ok(())
    }

    /// What the cache knows the action by. The inputs are read for it once.
    pub(super) async fn claim(
        &self,
        look: &mut Look,
    ) -> Result<Option<Claim>, ReconcileError<O::Error>> {
        if let Some(claim) = look.task.claim.get() {
            return Ok(claim.clone());
        }
        let Some(action) = self.action(look).await? else {
            return Ok(None);
        };
        match self.objects.claim(&action).await {
            Ok(claim) => Ok(look.task.claim.get_or_init(|| claim).clone()),
            // It runs all the same.
            Err(Unclear) => Ok(None),
        }
    }

    /// What an earlier pod of the attempt said is not taken for what the next one says: both write to the same place.
    async fn note_left(
        &self,
        look: &mut Look,
        attempt: NonZeroU32,
    ) -> Result<(), ReconcileError<O::Error>> {
        let Ok(subject) = &look.task.subject else {
            return Ok(());
        };
        let left = match self.objects.left(&subject.output_prefix(attempt)).await {
            Ok(left) => left.unwrap_or_default(),
            // What the next one says can't be read either.
            Err(error) if !error.may_pass() => return Ok(()),
            Err(error) => return Err(ReconcileError::Objects(error)),
        };
        if left != look.state.left {
            look.state.left = left;
            look.state.write(&mut look.task.status);
            // Before the pod, after which nobody could tell.
            self.flush(look).await?;
        }
        Ok(())
    }

    /// What the pod is made of. When the resource does not say it any longer, the pod is refused.
    async fn action(
        &self,
        look: &mut Look,
    ) -> Result<Option<Arc<Action>>, ReconcileError<O::Error>> {
        if look.task.action.is_none() {
            match self.read_action(look).await? {
                Ok(action) => look.task.action = Some(action),
                Err(refusal) => look.found.refused = Some(Refused::Unbuildable(refusal)),
            }
        }
        Ok(look.task.action.clone())
    }

    pub(super) async fn create_pod(
        &self,
        look: &mut Look,
        attempt: NonZeroU32,
    ) -> Result<(), ReconcileError<O::Error>> {
        self.tell(look).await;
        if look.written.attempts.max(1) < attempt.get() {
            // A pod is found again by its attempt: who goes on from the status would make that of the one before once more.
            self.flush(look).await?;
        }
        let made = self.make_pod(look, attempt).await;
        if let Err(error) = &made {
            self.not_made(look, error).await?;
        }
        made
    }

    async fn make_pod(
        &self,
        look: &mut Look,
        attempt: NonZeroU32,
    ) -> Result<(), ReconcileError<O::Error>> {
        let Some(action) = self.action(look).await? else {
            return Ok(());
        };
        if look.state.round > 0 {
            // A pod that was made although its call failed may have said something: that is its own, and none before it.
            if let Some(pod) = self.kubernetes.read_pod(&look.pod_key(attempt)).await? {
                look.found.pod = Some(Live::Is(Box::new(pod)));
                return Ok(());
            }
            self.note_left(look, attempt).await?;
        }
        let inputs = if pod::reads_inputs(&action) {
            match self
                .objects
                .inputs(&action)
                .await
                .map_err(ReconcileError::Objects)?
            {
                Ok(inputs) => Some(inputs),
                Err(Failure {
                    code: _, message, ..
                }) => {
                    let code = "InputsUnreadable";
                    look.found.refused = Some(Refused::Invalid { code, message });
                    return Ok(());
                }
            }
        } else {
            None
        };
        let secret = match self.sign_code(&action, attempt).await? {
            Ok(secret) => secret,
            Err(refused) => {
                look.found.refused = Some(refused);
                return Ok(());
            }
        };
        let given = pod::Given {
            inputs: inputs.as_ref(),
            code_secret: secret
                .as_ref()
                .and_then(|secret| secret.metadata.name.as_deref()),
        };
        let built = pod::build(&action, attempt, &self.settings, given);
        let pod = match built {
            Ok(pod) => pod,
            Err(error) => {
                look.found.refused = Some(Refused::Unbuildable(refusal(&error)));
                return Ok(());
            }
        };
        let key = look.pod_key(attempt);
        // Before the pod, so that no pod waits for what nobody makes.
        if let Some(secret) = &secret {
            let refused = self.kubernetes.create_secret(&key, &pod, secret).await?;
            if let Some(refused) = refused {
                self.metrics
                    .pods_refused
                    .with_label_values(&[refused.reason()])
                    .inc();
                look.found.refused = Some(refused);
                return Ok(());
            }
        }
        match self.kubernetes.create_pod(&key, &pod).await? {
            Creation::Made(pod) => {
                self.metrics.pods_created.inc();
                self.pods.made(&key, KeptPod::of((*pod).clone()));
                look.found.pod = Some(Live::Is(pod));
                look.found.made = true;
            }
            // By an executor before this one, or by somebody else: the next look at it tells.
            Creation::Taken => {
                look.found.pod = Some(self.kubernetes.read_pod(&key).await?.into());
            }
            Creation::Refused(refused) => {
                self.metrics
                    .pods_refused
                    .with_label_values(&[refused.reason()])
                    .inc();
                look.found.refused = Some(refused);
            }
        }
        Ok(())
    }

    /// The API server, a webhook of it or the object store could not answer. When it has not for a while, people are told why
    /// nothing happens.
    async fn not_made(
        &self,
        look: &mut Look,
        error: &ReconcileError<O::Error>,
    ) -> Result<(), ReconcileError<O::Error>> {
        // Another may go on with it: what is seen here is not told.
        if let ReconcileError::Call(
            CallError::Gone { .. } | CallError::Conflict { .. } | CallError::Fenced { .. },
        ) = error
        {
            return Ok(());
        }
        self.metrics
            .pods_refused
            .with_label_values(&["error"])
            .inc();
        if self.is_overdue(look) {
            let message = format!(
                "the pod could not be made yet, and is tried again: {}",
                chain(error)
            );
            look.found.refused = Some(Refused::NotMade(message));
            let decision = decide::decide(&self.world(look));
            self.log(look, &decision);
            look.take(decision);
        }
        // What was told already is written, so that it is not told again with every try.
        self.flush(look).await?;
        Ok(())
    }

    /// Whether the pod should have been there for a while.
    fn is_overdue(&self, look: &Look) -> bool {
        let queued = look.task.status.phase_history.last();
        let since = queued
            .map(|queued| queued.occurred_at.0)
            .max(look.state.not_before());
        since.is_some_and(|since| (self.clock)().duration_since(since) >= OVERDUE)
    }

    /// The Secret with a URL for the task's code, when it is to be fetched by one.
    pub(super) async fn sign_code(
        &self,
        action: &Action,
        attempt: NonZeroU32,
    ) -> Result<Result<Option<Secret>, Refused>, ReconcileError<O::Error>> {
        let unbuildable = |error: pod::BuildError| Refused::Unbuildable(refusal(&error));
        let uri = match pod::code_to_sign(action, &self.settings) {
            Ok(Some(uri)) => uri,
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(unbuildable(error))),
        };
        let url = match self
            .objects
            .sign(&uri)
            .await
            .map_err(ReconcileError::Objects)?
        {
            Ok(url) => url,
            Err(Failure {
                code: _, message, ..
            }) => {
                let code = "CodeNotSigned";
                return Ok(Err(Refused::Invalid { code, message }));
            }
        };
        let secret = pod::code_secret(action, attempt, &self.settings, &url);
        Ok(secret.map(Some).map_err(unbuildable))
    }

    /// The action as its resource has it now: its template is not kept once a pod was made of it.
    pub(super) async fn read_action(
        &self,
        look: &Look,
    ) -> Result<Result<Arc<Action>, Refusal>, ReconcileError<O::Error>> {
        let resource = self.kubernetes.read_action(&look.key).await?;
        if resource.action.metadata.uid.as_deref() != Some(look.uid()) {
            return Err(CallError::Gone {
                call: "reading",
                object: format!("{}/{}", look.key.namespace, look.key.name),
            }
            .into());
        }
        let action = match resource.unread {
            Some(unread) => Err(unread),
            None => Action::parse(&resource.action, &self.settings),
        };
        Ok(action.map(Arc::new).map_err(Refusal::from))
    }

    pub(super) async fn delete_pod(
        &self,
        look: &mut Look,
        attempt: NonZeroU32,
        uid: &str,
    ) -> Result<(), ReconcileError<O::Error>> {
        self.stop(&look.pod_key(attempt), uid).await?;
        look.found.pod = None;
        Ok(())
    }
}

/// When something of a pod changed last, as far as it says: one that was evicted before it ran has no containers that could.
fn last_change(pod: &Pod) -> Option<Timestamp> {
    let conditions = pod.status.iter().flat_map(|status| &status.conditions);
    let changes = conditions
        .flatten()
        .filter_map(|condition| condition.last_transition_time.as_ref())
        .chain(&pod.metadata.creation_timestamp);
    changes.map(|time| time.0).max()
}

/// Whether none of its containers runs any more, or will. A kubelet says so of each container, and a moment later of the pod.
pub(super) fn has_ended(pod: &Pod) -> bool {
    let Some(status) = &pod.status else {
        return false;
    };
    if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
        return true;
    }
    let Some(spec) = &pod.spec else {
        return false;
    };
    let never_again = spec.restart_policy.as_deref() == Some("Never");
    let is_over = |container: &ContainerStatus| {
        let state = container.state.as_ref();
        let ended = state.and_then(|state| state.terminated.as_ref());
        ended.is_some_and(|ended| never_again || ended.exit_code == 0)
    };
    let own = status.container_statuses.as_deref().unwrap_or_default();
    let before = status.init_container_statuses.as_deref();
    !own.is_empty()
        && own.len() >= spec.containers.len()
        && own.iter().chain(before.unwrap_or_default()).all(is_over)
}

fn refusal(error: &pod::BuildError) -> Refusal {
    let phase = match error {
        pod::BuildError::NoSuchTaskType { .. } => Phase::PluginNotFound,
        pod::BuildError::Invalid(_) => Phase::InvalidSpec,
    };
    Refusal {
        phase,
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(policy: &str, phase: &str, own: &[Value], before: &[Value]) -> Pod {
        let named = |(index, state): (usize, &Value)| {
            json!({
                "name": format!("c{index}"), "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state,
            })
        };
        let states = |states: &[Value]| states.iter().enumerate().map(named).collect::<Vec<_>>();
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {},
            "spec": { "restartPolicy": policy, "containers": [{ "name": "c0" }, { "name": "c1" }] },
            "status": { "phase": phase, "containerStatuses": states(own), "initContainerStatuses": states(before) },
        });
        serde_json::from_value(pod).unwrap()
    }

    #[test]
    fn a_pod_has_ended_with_the_last_of_its_containers() {
        let ended = |code: i32| json!({ "terminated": { "exitCode": code } });
        let runs = json!({ "running": {} });
        for (policy, phase, own, before, expected) in [
            (
                "Never",
                "Running",
                vec![ended(0), ended(1)],
                vec![ended(0)],
                true,
            ),
            ("Never", "Failed", vec![], vec![], true),
            ("Never", "Succeeded", vec![runs.clone()], vec![], true),
            ("Never", "Pending", vec![], vec![], false),
            ("Never", "Running", vec![ended(0)], vec![], false),
            (
                "Never",
                "Running",
                vec![ended(0), runs.clone()],
                vec![],
                false,
            ),
            (
                "Never",
                "Running",
                vec![ended(0), ended(0)],
                vec![runs],
                false,
            ),
            (
                "OnFailure",
                "Running",
                vec![ended(0), ended(0)],
                vec![],
                true,
            ),
            (
                "OnFailure",
                "Running",
                vec![ended(0), ended(1)],
                vec![],
                false,
            ),
        ] {
            // As it is kept, without what is not looked at.
            let pod = KeptPod::of(pod(policy, phase, &own, &before)).pod;
            assert_eq!(
                has_ended(&pod),
                expected,
                "{policy} {phase} {own:?} {before:?}"
            );
        }
    }
}
