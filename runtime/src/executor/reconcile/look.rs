//! A look at an action while it is taken: what is known, what was decided, what is not told or written yet.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use dataplane_api::task_action::TaskActionStatus;
use dataplane_proto::flyteidl2::core::CatalogCacheStatus;
use k8s_openapi::{api::core::v1::Pod, jiff::Timestamp};
use kube::ResourceExt;
use serde_json::{Map, Value};

use crate::executor::{
    cache::Reused,
    decide::{Decision, Refused},
    failure::Failure,
    kept::{KeptAction, Task},
    labels, pod,
    state::State,
    transition::Transition,
    work_queue::Key,
};

/// How soon to ask again whether the control plane takes events, besides being told so.
const REDELIVERY: Duration = Duration::from_mins(1);

/// A look while it is taken.
pub struct Look {
    pub key: Key,
    pub uid: String,
    pub version: String,
    pub deleting: bool,
    pub deleted_at: Option<Timestamp>,
    pub finalizers: Vec<String>,
    pub labelled: bool,
    pub task: Task,
    /// The status as it is in the cluster.
    pub written: TaskActionStatus,
    pub state: State,
    /// Not told yet.
    pub outbox: Vec<Transition>,
    pub found: Found,
}

/// A pod, as the API server has it.
pub enum Live {
    Is(Box<Pod>),
    Gone,
}

impl From<Option<Pod>> for Live {
    fn from(pod: Option<Pod>) -> Self {
        pod.map_or(Self::Gone, |pod| Self::Is(Box::new(pod)))
    }
}

/// What steps brought.
#[derive(Default)]
pub struct Found {
    /// The pod, as the API server has it.
    pub pod: Option<Live>,
    /// It was made in this look.
    pub made: bool,
    pub outcome: Option<Result<(), Failure>>,
    pub refused: Option<Refused>,
    /// What the cache has.
    pub reused: Option<Reused>,
    /// What became of the result in the cache.
    pub kept: Option<CatalogCacheStatus>,
}

impl Look {
    pub fn new(key: &Key, kept: &KeptAction, task: Task) -> Self {
        Self {
            key: key.clone(),
            version: kept.version.clone(),
            deleting: kept.deleting,
            deleted_at: kept.deleted_at,
            finalizers: kept.finalizers.clone(),
            labelled: kept.labelled,
            written: task.written.clone().unwrap_or_else(|| task.status.clone()),
            state: State::read(&task.status),
            outbox: Vec::new(),
            found: Found::default(),
            uid: kept.uid.clone(),
            task,
        }
    }

    /// The resource has this metadata now.
    pub fn stands(&mut self, resource: &impl ResourceExt) {
        let deleted = resource.meta().deletion_timestamp.as_ref();
        self.version = resource.resource_version().unwrap_or_default();
        self.deleting = deleted.is_some();
        self.deleted_at = deleted.map(|time| time.0);
        self.finalizers = resource.finalizers().to_vec();
        self.labelled = labels::says_finished(resource);
    }

    pub fn take(&mut self, decision: Decision) {
        let pod = |status: &TaskActionStatus| (status.attempts.max(1), status.system_failures);
        let another = pod(&self.task.status) != pod(&decision.status);
        self.task.status = decision.status;
        self.state = decision.state;
        self.outbox.extend(decision.transitions);
        if another {
            // What was found was of the pod before.
            self.found = Found::default();
        }
    }

    pub fn uid(&self) -> &str {
        &self.uid
    }

    pub fn pod_key(&self, attempt: NonZeroU32) -> Key {
        Key {
            namespace: Arc::clone(&self.key.namespace),
            name: pod::name(&self.key.name, attempt).into(),
        }
    }

    /// When to look again: what is pending is told again also when nothing says that it can be.
    pub fn again(&self, again: Option<Duration>) -> Option<Duration> {
        if self.state.pending.is_empty() {
            return again;
        }
        Some(again.map_or(REDELIVERY, |again| again.min(REDELIVERY)))
    }
}

/// The fields of a status that are to change, as a merge patch. Fields that are not ours stay as they are.
pub fn changes(written: &TaskActionStatus, wanted: &TaskActionStatus) -> Option<Value> {
    if written == wanted {
        return None;
    }
    let fields = |status: &TaskActionStatus| match serde_json::to_value(status) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (before, mut after) = (fields(written), fields(wanted));
    after.retain(|name, value| before.get(name) != Some(value));
    let wanted = fields(wanted);
    for name in before.keys().filter(|name| !wanted.contains_key(*name)) {
        after.insert(name.clone(), Value::Null);
    }
    Some(Value::Object(after))
}
