//! Pods that run although nobody needs them: they came when their attempt or their action was over.
//!
//! A call that makes a pod may be done when nobody waits for its answer any more, and who leads no longer may still make one.

use tracing::warn;

use super::{Objects, Reconciler, Sink, pods::has_ended};
use crate::{
    executor::{
        kept::{Body, KeptAction, KeptPod},
        kubernetes::CallError,
        labels, pod,
        work_queue::Key,
    },
    process::chain,
};

impl<S: Sink, O: Objects> Reconciler<S, O> {
    /// Stops pods of attempts that are over. False when one could not be stopped, which does not keep the action from going on:
    /// a webhook may not let a pod be deleted.
    pub(super) async fn stop_strays(&self, key: &Key, action: &KeptAction) -> bool {
        let over = match &action.body {
            Body::Over => action.attempts,
            Body::Task(_) => action.attempts.saturating_sub(1),
            Body::Condition { .. } => 0,
        };
        let mut stopped = true;
        // What is there is gone through, not what the number says: it may be anybody's.
        for (pod_key, pod) in self.pods.of_owner(&action.uid) {
            let is_over = pod::attempt(&key.name, &pod_key.name).is_some_and(|of| of.get() <= over);
            if is_over && may_run(&pod) {
                let result = self.stop_stray(&pod_key, &pod).await;
                stopped &= result
                    .inspect_err(|error| {
                        warn!(
                            error = chain(error),
                            "a pod whose attempt is over was not stopped, and is tried again"
                        );
                    })
                    .is_ok();
            }
        }
        stopped
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
        let uid = self.kubernetes.read_uid(&action).await?;
        if uid.as_ref() == Some(&pod.owner) {
            // The watch has yet to tell of it.
            return Ok(());
        }
        self.stop_stray(key, &pod).await
    }

    pub(super) async fn stop(&self, key: &Key, uid: &str) -> Result<(), CallError> {
        let known = self.pods.get(key).filter(|pod| pod.uid == uid);
        let grace = known.and_then(|pod| pod.pod.spec.as_ref()?.termination_grace_period_seconds);
        let ending = self.kubernetes.delete_pod(key, uid, grace).await?;
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
