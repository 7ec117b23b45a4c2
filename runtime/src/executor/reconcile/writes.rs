//! Steps that write: events to the control plane, the status and the metadata to the cluster, in this order.

use std::time::Duration;

use dataplane_api::task_action::TaskActionStatus;
use serde_json::{Map, Value, json};
use tracing::{info, warn};

use super::{
    Look, Objects, ReconcileError, Reconciler, Sink,
    look::changes,
    too_large::{shrink, shrink_texts},
};
use crate::executor::{
    condition,
    decide::{self, Step, is_terminal},
    events::pending,
    kept::{Body, KeptAction, Task},
    kubernetes::CallError,
    labels::{self, FINALIZER},
    resource::ActionResource,
    subject::Refusal,
    transition::Phase,
    work_queue::Key,
};
use crate::process::chain;

impl<S: Sink, O: Objects> Reconciler<S, O> {
    /// The last writes: the status, and when nothing is pending the labels and the finalizer.
    pub(super) async fn end(
        &self,
        look: &mut Look,
        step: &Step,
    ) -> Result<(), ReconcileError<O::Error>> {
        let released = *step == Step::Release;
        self.tell(look).await;
        // A resource that is released is gone: its status is written only when it has to stay, or tells of an end.
        let ended = is_terminal(&look.task.status);
        let waits = !look.state.pending.is_empty();
        let goes_untold = released && waits && self.has_waited_to_tell(look);
        if (!released || ended || waits) && !goes_untold {
            self.flush(look).await?;
        }
        if waits && !goes_untold {
            return Ok(());
        }
        if goes_untold {
            self.metrics.untold.inc();
            warn!(
                namespace = &*look.key.namespace,
                name = &*look.key.name,
                events = look.state.pending.len(),
                "an aborted action goes although the control plane was not told: it took no events for too long"
            );
        }
        let ours = look
            .finalizers
            .iter()
            .any(|finalizer| finalizer == FINALIZER);
        let mut metadata = Map::new();
        if ours {
            let others: Vec<&String> = look
                .finalizers
                .iter()
                .filter(|finalizer| *finalizer != FINALIZER)
                .collect();
            metadata.insert("finalizers".to_owned(), json!(others));
        }
        if !released && !look.labelled {
            let at = decide::terminal_time(&look.task.status).unwrap_or_else(self.clock);
            metadata.insert("labels".to_owned(), json!(labels::finished(at)));
        }
        if !metadata.is_empty() {
            self.write_end(look, metadata).await?;
        }
        // Last, so that a cache that does not answer holds up no end.
        self.give_way(look, released).await;
        Ok(())
    }

    /// False when the resource is so large that nothing can be written into it. That is told, with every look at it that something
    /// causes, and the receiver keeps the first.
    pub(super) async fn add_finalizer(
        &self,
        look: &mut Look,
    ) -> Result<bool, ReconcileError<O::Error>> {
        let mut finalizers = look.finalizers.clone();
        finalizers.push(FINALIZER.to_owned());
        let patch = json!({ "finalizers": finalizers });
        match self.patch_metadata(look, patch).await {
            Err(ReconcileError::Call(error)) if error.is_too_large() => {
                look.task.subject = Err(Refusal {
                    phase: Phase::InvalidSpec,
                    message: "the resource is too large for the cluster to keep it with what the executor writes into it; make \
                              the task's template smaller"
                        .to_owned(),
                });
                look.finalizers = finalizers;
                let decision = decide::decide(&self.world(look));
                self.log(look, &decision);
                look.take(decision);
                self.tell(look).await;
                let told = look.state.pending.is_empty();
                // It can't be written: the next look is to find out the same.
                look.task.status = look.written.clone();
                if told { Ok(false) } else { Err(error.into()) }
            }
            written => written.map(|()| true),
        }
    }

    /// Without its labels where the resource is too large for them: who has told everything may go.
    async fn write_end(
        &self,
        look: &mut Look,
        mut metadata: Map<String, Value>,
    ) -> Result<(), ReconcileError<O::Error>> {
        match self
            .patch_metadata(look, Value::Object(metadata.clone()))
            .await
        {
            Err(ReconcileError::Call(error))
                if error.is_too_large() && metadata.remove("labels").is_some() =>
            {
                if metadata.is_empty() {
                    return Ok(());
                }
                self.patch_metadata(look, Value::Object(metadata)).await
            }
            written => written,
        }
    }

    /// Whether it was deleted so long ago, and the control plane has taken nothing of anybody for as long, that it may never be
    /// back. What another executor saw before does not count: the control plane may have been there for it, or for nobody.
    fn has_waited_to_tell(&self, look: &Look) -> bool {
        let most = Duration::from_secs(self.settings.executor.untold_abort_seconds.get().into());
        let waited = look.deleted_at.is_some_and(|deleted| {
            let since = (self.clock)().duration_since(deleted);
            Duration::try_from(since).is_ok_and(|since| since >= most)
        });
        let away = self.sink.away_for().is_some_and(|away| away >= most);
        waited && away && self.kubernetes.leads()
    }

    /// An equal action need not wait until the reservation runs out.
    async fn give_way(&self, look: &mut Look, released: bool) {
        let succeeded = look
            .task
            .status
            .conditions
            .iter()
            .any(|condition| condition.type_ == "Succeeded" && condition.status == "True");
        let reserves = self.settings.executor.cache
            && look
                .task
                .subject
                .as_ref()
                .is_ok_and(|subject| subject.reserves);
        if !reserves || succeeded {
            return;
        }
        // Where it is not known any more it runs out by itself, and of a resource that is gone it can't be found out.
        let claim = if released {
            look.task.claim.get().cloned().flatten()
        } else {
            self.claim(look).await.ok().flatten()
        };
        if let Some(claim) = claim {
            self.objects.give_way(&claim).await;
        }
    }

    /// Tells of what has not been told: what was pending first.
    pub(super) async fn tell(&self, look: &mut Look) {
        if look.outbox.is_empty() && look.state.pending.is_empty() {
            return;
        }
        let mut events = pending::read(&look.state.pending);
        for transition in look.outbox.drain(..) {
            let phase = transition.phase.as_str();
            self.metrics.transitions.with_label_values(&[phase]).inc();
            events.push(self.sink.event(&transition));
        }
        look.state.pending.clear();
        // Where another may lead, what is seen here is old, and would be told after what that one tells.
        let told = self.kubernetes.leads() && self.sink.deliver(events.clone()).await;
        if !told {
            for event in &events {
                pending::push(&mut look.state.pending, event);
            }
        }
        look.state.write(&mut look.task.status);
    }

    /// Tells of what happened, and lets the status be written with what comes next, unless something is pending.
    pub(super) async fn settle(&self, look: &mut Look) -> Result<(), ReconcileError<O::Error>> {
        self.tell(look).await;
        if !look.state.pending.is_empty() {
            return self.flush(look).await;
        }
        self.remember(look);
        Ok(())
    }

    /// Keeps a status that was told and is not written, so that the next look goes on from it instead of coming to another
    /// end by itself. Should the executor end before it is written, it is found out anew, and told anew.
    pub(super) fn remember(&self, look: &Look) {
        if !look.outbox.is_empty() || look.task.status == look.written {
            return;
        }
        let Some(kept) = self.actions.get(&look.key) else {
            return;
        };
        let Body::Task(known) = &kept.body else {
            return;
        };
        let in_cluster = known.written.as_ref().unwrap_or(&known.status);
        if kept.uid != look.uid || *in_cluster != look.written {
            return;
        }
        let ahead = Task {
            status: look.task.status.clone(),
            written: Some(look.written.clone()),
            ..(**known).clone()
        };
        let body = Body::Task(Box::new(ahead));
        let kept = KeptAction {
            body,
            ..(*kept).clone()
        };
        self.actions.written(&look.key, kept);
    }

    /// Tells of what happened, and writes the status.
    pub(super) async fn flush(&self, look: &mut Look) -> Result<(), ReconcileError<O::Error>> {
        self.tell(look).await;
        loop {
            let Some(changes) = changes(&look.written, &look.task.status) else {
                return Ok(());
            };
            let written = self
                .kubernetes
                .patch_status(&look.key, &look.version, &changes)
                .await;
            match written {
                Ok(written) => {
                    self.adopt(look, &written);
                    return Ok(());
                }
                Err(error) if error.is_too_large() && shrink(look) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) async fn patch_metadata(
        &self,
        look: &mut Look,
        metadata: Value,
    ) -> Result<(), ReconcileError<O::Error>> {
        let written = self
            .kubernetes
            .patch_metadata(&look.key, &look.version, metadata)
            .await?;
        look.stands(&written);
        let kept = self.actions.get(&look.key);
        if let Some(kept) = kept.filter(|kept| kept.uid == look.uid) {
            self.keep(&look.key, kept.with_metadata(&written));
        }
        Ok(())
    }

    /// Goes on with the resource as it was written.
    pub(super) fn adopt(&self, look: &mut Look, resource: &ActionResource) {
        look.stands(resource);
        look.written = resource.action.status.clone().unwrap_or_default();
        self.keep(&look.key, KeptAction::read(resource, &self.settings));
    }

    fn keep(&self, key: &Key, kept: KeptAction) {
        if kept.finalizers.is_empty() && kept.deleting {
            self.actions.gone(key, &kept.uid);
        } else {
            self.actions.written(key, kept);
        }
    }

    pub(super) async fn write_condition(
        &self,
        key: &Key,
        kept: &KeptAction,
        before: &TaskActionStatus,
        mut waited: condition::Waited,
    ) -> Result<Option<Duration>, CallError> {
        if kept.deleting {
            return Ok(None);
        }
        let (namespace, name) = (&*key.namespace, &*key.name);
        let mut version = kept.version.clone();
        if before != &waited.status {
            let reason = waited
                .status
                .conditions
                .first()
                .map_or("", |condition| &condition.reason);
            info!(namespace, name, phase = reason, "condition changed");
        }
        while let Some(changes) = changes(before, &waited.status) {
            match self.kubernetes.patch_status(key, &version, &changes).await {
                Ok(written) => {
                    let kept = KeptAction::read(&written, &self.settings);
                    version.clone_from(&kept.version);
                    self.actions.written(key, kept);
                    break;
                }
                Err(error) if error.is_too_large() => {
                    if !shrink_texts(&mut waited.status) {
                        return Ok(unwritable(key, &error));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        if waited.over && !kept.labelled {
            let at = decide::terminal_time(&waited.status).unwrap_or_else(self.clock);
            let labels = json!({ "labels": labels::finished(at) });
            match self.kubernetes.patch_metadata(key, &version, labels).await {
                Ok(written) => {
                    if let Some(kept) = self.actions.get(key) {
                        self.keep(key, kept.with_metadata(&written));
                    }
                }
                Err(error) if error.is_too_large() => return Ok(unwritable(key, &error)),
                Err(error) => return Err(error),
            }
        }
        Ok(waited.again)
    }
}

/// A condition that has no room for what is to be written is left alone until somebody changes it: nobody can be told but by it.
fn unwritable(key: &Key, error: &CallError) -> Option<Duration> {
    let (namespace, name) = (&*key.namespace, &*key.name);
    warn!(
        namespace,
        name,
        error = chain(error),
        "a condition is too large to be written into, and is left as it is: delete it, and make its prompt smaller"
    );
    None
}
