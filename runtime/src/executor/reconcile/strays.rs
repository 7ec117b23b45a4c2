//! Pods that run although nobody needs them: they came when their attempt or their action was over.
//!
//! A call that makes a pod may be done when nobody waits for its answer any more, and who leads no longer may still make one.

use std::num::NonZeroU32;

use tracing::warn;

use super::{Objects, Reconciler, Sink, pods::has_ended};
use crate::executor::{
    kept::{Body, KeptAction, KeptPod},
    kubernetes::CallError,
    labels, pod,
    work_queue::Key,
};

impl<S: Sink, O: Objects> Reconciler<S, O> {
    /// Stops pods of attempts that are over.
    pub(super) async fn stop_strays(
        &self,
        key: &Key,
        action: &KeptAction,
    ) -> Result<(), CallError> {
        let over = match &action.body {
            Body::Over => action.attempts,
            Body::Task(_) => action.attempts.saturating_sub(1),
            Body::Condition { .. } => 0,
        };
        for attempt in (1..=over).filter_map(NonZeroU32::new) {
            let key = Key::new(&key.namespace, &pod::name(&key.name, attempt));
            let pod = self.pods.get(&key).filter(|pod| pod.owner == action.uid);
            if let Some(pod) = pod.filter(|pod| may_run(pod)) {
                self.stop_stray(&key, &pod).await?;
            }
        }
        Ok(())
    }

    /// Stops a pod whose action is not there.
    pub(super) async fn stop_orphan(&self, key: &Key) -> Result<(), CallError> {
        let Some(pod) = self.pods.get(key).filter(|pod| may_run(pod)) else {
            return Ok(());
        };
        let Some(owner) = labels::owner(&pod.pod) else {
            return Ok(());
        };
        let action = Key::new(&key.namespace, &owner.name);
        let known = self.actions.get(&action);
        if known.is_some_and(|action| action.uid == pod.owner) {
            return Ok(());
        }
        match self.kubernetes.read_action(&action).await {
            // The watch has yet to tell of it.
            Ok(resource) if resource.metadata.uid.as_ref() == Some(&pod.owner) => Ok(()),
            Ok(_) | Err(CallError::Gone { .. }) => self.stop_stray(key, &pod).await,
            Err(error) => Err(error),
        }
    }

    pub(super) async fn stop(&self, key: &Key, uid: &str) -> Result<(), CallError> {
        let ending = self.kubernetes.delete_pod(key, uid).await?;
        self.metrics.pods_deleted.inc();
        match ending {
            // A pod that never ran is gone at once, and is answered with as it was.
            Some(pod) if pod.metadata.deletion_timestamp.is_some() => {
                self.pods.written(key, KeptPod::of(pod));
            }
            _ => self.pods.gone(key, uid),
        }
        Ok(())
    }

    async fn stop_stray(&self, key: &Key, pod: &KeptPod) -> Result<(), CallError> {
        warn!(
            namespace = &*key.namespace,
            pod = &*key.name,
            "a pod came when its attempt was over, and is stopped"
        );
        self.stop(key, &pod.uid).await
    }
}

fn may_run(pod: &KeptPod) -> bool {
    !pod.deleting && !has_ended(&pod.pod)
}
