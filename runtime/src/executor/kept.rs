//! What is kept in memory of the actions and pods of the cluster.
//!
//! A resource is as large as its template: some kilobytes, or more than a megabyte. It is kept whole only until its pod was
//! made, since that is made of it, and only as long as all that are kept whole have room; after that what following the pod
//! takes, and of an action that is over its name. Where what a pod is made of is needed and not kept, the resource is read again.

mod pods;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use dataplane_api::task_action::{ActionType, TaskAction, TaskActionStatus};
use k8s_openapi::{
    ByteString,
    jiff::{SignedDuration, Timestamp},
};
use kube::{ResourceExt, core::PartialObjectMeta};

use super::{
    action::{self, Action, ActionId, ActionKind, InvalidSpec},
    cache::Claim,
    decide::{current_phase, is_terminal},
    labels::{self, FINALIZER},
    pod,
    recovered::Recovered,
    resource::ActionResource,
    settings::Settings,
    state::State,
    subject::{Refusal, Subject},
    transition::Phase,
    work_queue::Key,
};
pub use pods::KeptPod;

/// An action that is looked at is there about so many times: as it is, and as the pod that is made of it.
const WHOLE: usize = 2;
/// What inputs take whose values go into arguments.
const INPUTS: usize = 8 << 20;
/// Bytes of what pods are made of that are kept, of all actions together.
const WHOLE_ACTIONS: usize = 64 << 20;

/// What is kept of an action's resource.
#[derive(Clone, Debug)]
pub struct KeptAction {
    pub uid: String,
    /// `resourceVersion`.
    pub version: String,
    pub deleting: bool,
    /// Since when.
    pub deleted_at: Option<Timestamp>,
    pub finalizers: Vec<String>,
    pub labelled: bool,
    /// As its resource has them.
    pub attempts: u32,
    /// A write failed or its answer was lost: the resource is to be read before the next one.
    pub doubtful: bool,
    /// Bytes of memory that a look at the whole of it takes, with the pod that is made of it.
    pub weight: usize,
    pub body: Body,
}

/// What is kept of what the resource says.
#[derive(Clone, Debug)]
pub enum Body {
    Task(Box<Task>),
    /// Waits for a signal until this time, or for ever; or can't be read.
    Condition {
        deadline: Result<Option<Timestamp>, Refusal>,
        status: Box<TaskActionStatus>,
    },
    /// It is over, and everything about it was told.
    Over,
}

/// A task that is not over.
#[derive(Clone, Debug)]
pub struct Task {
    /// None when the resource does not even say which action it is, so that nothing can be told of it.
    pub id: Option<ActionId>,
    pub subject: Result<Subject, Refusal>,
    pub recovered: Option<Recovered>,
    pub status: TaskActionStatus,
    /// The status as it is in the cluster, while the one above is ahead of it.
    pub written: Option<TaskActionStatus>,
    /// What its pod is made of, until it was made, if there is room for it.
    pub action: Option<Arc<Action>>,
    /// What the cache knows it by, or that it has no key, once that was found out: it takes the inputs to be read.
    pub claim: Arc<OnceLock<Option<Claim>>>,
}

impl KeptAction {
    pub fn of(resource: &TaskAction, settings: &Settings) -> Self {
        let finalizers = resource.finalizers().to_vec();
        let labelled = labels::says_finished(resource);
        let status = resource.status.clone().unwrap_or_default();
        let attempts = status.attempts;
        let (body, weight) = if is_over(&status, resource) {
            (Body::Over, 0)
        } else {
            Body::of(resource, status, settings)
        };
        Self {
            uid: resource.uid().unwrap_or_default(),
            version: resource.resource_version().unwrap_or_default(),
            deleting: resource.metadata.deletion_timestamp.is_some(),
            deleted_at: resource
                .metadata
                .deletion_timestamp
                .as_ref()
                .map(|time| time.0),
            finalizers,
            labelled,
            attempts,
            doubtful: false,
            weight,
            body,
        }
    }

    /// Of a resource as it comes from the cluster: one that can't be read whole is refused.
    pub fn read(resource: &ActionResource, settings: &Settings) -> Self {
        let mut kept = Self::of(&resource.action, settings);
        if let Some(unread) = &resource.unread {
            kept.body.refuse(unread.clone());
        }
        kept
    }

    /// The same with other metadata, when nothing but that was changed.
    pub fn with_metadata(&self, resource: &PartialObjectMeta<TaskAction>) -> Self {
        let over = match &self.body {
            Body::Over => true,
            Body::Condition { status, .. } => is_over(status, resource),
            Body::Task(task) => is_over(task.written.as_ref().unwrap_or(&task.status), resource),
        };
        let deleted = resource.metadata.deletion_timestamp.as_ref();
        Self {
            uid: self.uid.clone(),
            version: resource.resource_version().unwrap_or_default(),
            deleting: deleted.is_some(),
            deleted_at: deleted.map(|time| time.0),
            finalizers: resource.finalizers().to_vec(),
            labelled: labels::says_finished(resource),
            attempts: self.attempts,
            doubtful: false,
            weight: if over { 0 } else { self.weight },
            body: if over { Body::Over } else { self.body.clone() },
        }
    }

    /// Phase, for the metrics.
    fn phase(&self) -> &'static str {
        let status = match &self.body {
            Body::Over => return "Over",
            Body::Condition { .. } => return "Condition",
            Body::Task(task) => &task.status,
        };
        if is_terminal(status) {
            return "Ending";
        }
        current_phase(status).map_or("New", Phase::as_str)
    }

    /// Bytes of the executor's state of it, in the status here and in that of the cluster.
    fn remembered(&self) -> usize {
        let of = |status: &TaskActionStatus| status.plugin_state.as_ref().map_or(0, |s| s.0.len());
        match &self.body {
            Body::Task(task) => of(&task.status) + task.written.as_ref().map_or(0, of),
            Body::Condition { .. } | Body::Over => 0,
        }
    }

    fn pending(&self) -> usize {
        match &self.body {
            Body::Task(task) => State::pending_of(&task.status),
            Body::Condition { .. } | Body::Over => 0,
        }
    }
}

/// Whether nothing is left to be done.
fn is_over(status: &TaskActionStatus, resource: &impl ResourceExt) -> bool {
    let held = resource.finalizers().iter().any(|held| held == FINALIZER);
    let told = State::pending_of(status) == 0;
    is_terminal(status) && labels::says_finished(resource) && told && !held
}

impl Body {
    /// And the weight of the whole.
    fn of(
        resource: &TaskAction,
        mut status: TaskActionStatus,
        settings: &Settings,
    ) -> (Self, usize) {
        let id = ActionId::of(resource, settings).ok();
        let action = Action::parse(resource, settings);
        let weight = match &action {
            Ok(action) if pod::reads_inputs(action) => WHOLE * action.size + INPUTS,
            Ok(action) => WHOLE * action.size,
            Err(_) => WHOLE * action::bytes(resource),
        };
        let (recovered, action) = match Recovered::of(resource, settings) {
            Ok(recovered) => (recovered, action.map_err(Refusal::from)),
            Err(error) => (None, Err(Refusal::from(error))),
        };
        if recovered.is_none() && resource.spec.action_type == ActionType::Condition {
            let deadline = action.map(|action| match action.kind {
                ActionKind::Condition(condition) => condition
                    .timeout
                    .and_then(|timeout| SignedDuration::try_from(timeout).ok())
                    .and_then(|timeout| action.created?.checked_add(timeout).ok()),
                ActionKind::Task(_) => None,
            });
            // That there is a value is all that counts, and it may be large.
            if let Some(value) = &mut status.signal_value {
                *value = ByteString(value.0.iter().take(1).copied().collect());
            }
            let condition = Self::Condition {
                deadline,
                status: Box::new(status),
            };
            return (condition, weight);
        }
        let subject = action.as_ref().map_err(Clone::clone).and_then(|action| {
            Subject::of(action)?.ok_or_else(|| Refusal {
                phase: Phase::InvalidSpec,
                message: "the action is no task".to_owned(),
            })
        });
        let started = current_phase(&status) > Some(Phase::Queued)
            || is_terminal(&status)
            || State::read(&status).started;
        let action = action.ok().filter(|_| !started && subject.is_ok());
        let task = Task {
            id,
            subject,
            recovered,
            status,
            written: None,
            action: action.map(Arc::new),
            claim: Arc::default(),
        };
        (Self::Task(Box::new(task)), weight)
    }

    /// It can't be run, nor be what another run did.
    fn refuse(&mut self, error: InvalidSpec) {
        let refusal = Refusal::from(error);
        match self {
            Self::Task(task) => {
                task.subject = Err(refusal);
                task.recovered = None;
                task.action = None;
            }
            Self::Condition { deadline, .. } => *deadline = Err(refusal),
            Self::Over => {}
        }
    }
}

/// Objects of one kind, by their names: what the watch told last, or what was written since.
pub struct Kept<T> {
    objects: Mutex<Objects<T>>,
    on_change: OnChange<T>,
    /// Bytes of what can be read again, of all of them.
    most: usize,
}

/// Is told of what was and what is.
type OnChange<T> = Box<dyn Fn(Option<&T>, Option<&T>) + Send + Sync>;

struct Objects<T> {
    known: HashMap<Key, Arc<T>>,
    /// What belongs to something, by its uid.
    owned: HashMap<Box<str>, Vec<Key>>,
    /// Bytes of what can be read again.
    spare: usize,
    /// What the list that is being read again has told, by its namespace (none for all of them).
    listing: HashMap<Option<Arc<str>>, HashSet<Key>>,
}

/// An object with a version.
pub trait Versioned: Sized {
    fn version(&self) -> &str;
    fn uid(&self) -> &str;
    /// uid of what it belongs to.
    fn owner(&self) -> Option<&str> {
        None
    }
    /// Takes over from the version before what is known here only.
    fn succeed(self, _before: &Self) -> Self {
        self
    }
    /// Bytes of what can be read again.
    fn spare(&self) -> usize {
        0
    }
    /// Lets go of it.
    fn spare_no_more(&mut self) {}
}

impl Versioned for KeptAction {
    fn version(&self) -> &str {
        &self.version
    }
    fn uid(&self) -> &str {
        &self.uid
    }
    fn succeed(mut self, before: &Self) -> Self {
        let uid = before.uid.as_str();
        if let (Body::Task(new), Body::Task(before)) = (&mut self.body, &before.body)
            && self.uid == uid
        {
            new.claim = Arc::clone(&before.claim);
        }
        if let (Body::Task(new), Body::Task(before)) = (&mut self.body, &before.body)
            && let Some(written) = &before.written
            && new.written.is_none()
            && new.status == *written
        {
            // Somebody changed something else: the status that is to be written still is.
            new.written = Some(written.clone());
            new.status = before.status.clone();
            new.action = new.action.take().or_else(|| before.action.clone());
        }
        self
    }
    fn spare(&self) -> usize {
        match &self.body {
            Body::Task(task) => task.action.as_ref().map_or(0, |action| action.size),
            Body::Condition { .. } | Body::Over => 0,
        }
    }
    fn spare_no_more(&mut self) {
        if let Body::Task(task) = &mut self.body {
            task.action = None;
        }
    }
}

impl<T: Versioned> Kept<T> {
    /// `on_change` is told of what was and what is, for the metrics.
    pub fn new(on_change: impl Fn(Option<&T>, Option<&T>) + Send + Sync + 'static) -> Self {
        Self {
            objects: Mutex::new(Objects {
                known: HashMap::new(),
                owned: HashMap::new(),
                spare: 0,
                listing: HashMap::new(),
            }),
            on_change: Box::new(on_change),
            most: usize::MAX,
        }
    }

    /// Keeps at most so many bytes of what can be read again.
    pub fn sparing(self, most: usize) -> Self {
        Self { most, ..self }
    }

    pub fn get(&self, key: &Key) -> Option<Arc<T>> {
        self.lock().known.get(key).cloned()
    }

    /// All that belongs to what has this uid.
    pub fn of_owner(&self, owner: &str) -> Vec<(Key, Arc<T>)> {
        let objects = self.lock();
        let keys = objects.owned.get(owner).into_iter().flatten();
        let found = keys.filter_map(|key| Some((key.clone(), Arc::clone(objects.known.get(key)?))));
        found.collect()
    }

    /// The watch told of an object.
    pub fn seen(&self, key: &Key, object: T) {
        self.put(key, object, true);
    }

    /// An object was written. Only what is known is replaced: the watch may have told of its deletion already.
    pub fn written(&self, key: &Key, object: T) {
        self.put(key, object, false);
    }

    /// An object is gone, unless the name belongs to another one by now.
    pub fn gone(&self, key: &Key, uid: &str) {
        let removed = self.lock().remove(key, uid);
        if let Some(removed) = removed {
            (self.on_change)(Some(&removed), None);
        }
    }

    /// A list is read again.
    pub fn listing_begins(&self, scope: Option<&Arc<str>>) {
        self.lock().listing.insert(scope.cloned(), HashSet::new());
    }

    /// The list that is read again has this one.
    pub fn listed(&self, scope: Option<&Arc<str>>, key: &Key, object: T) {
        if let Some(listing) = self.lock().listing.get_mut(&scope.cloned()) {
            listing.insert(key.clone());
        }
        self.put(key, object, true);
    }

    /// The list is complete: what it does not have is gone. Those are returned.
    pub fn listing_ends(&self, scope: Option<&Arc<str>>) -> Vec<Key> {
        let mut objects = self.lock();
        let Some(listed) = objects.listing.remove(&scope.cloned()) else {
            return Vec::new();
        };
        let missing: Vec<Key> = objects
            .known
            .keys()
            .filter(|key| scope.is_none_or(|scope| key.namespace == *scope))
            .filter(|key| !listed.contains(*key))
            .cloned()
            .collect();
        let removed: Vec<Arc<T>> = missing.iter().filter_map(|key| objects.take(key)).collect();
        drop(objects);
        for object in removed {
            (self.on_change)(Some(&object), None);
        }
        missing
    }

    /// The keys of all that fulfil a condition.
    pub fn keys(&self, mut which: impl FnMut(&T) -> bool) -> Vec<Key> {
        self.lock()
            .known
            .iter()
            .filter(|(_, object)| which(object))
            .map(|(key, _)| key.clone())
            .collect()
    }

    fn put(&self, key: &Key, object: T, new: bool) {
        let changed = self.lock().put(key, object, new, self.most);
        if let Some((before, object)) = changed {
            (self.on_change)(before.as_deref(), Some(&object));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Objects<T>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Versioned> Objects<T> {
    /// What was, and what is, if that is another.
    fn put(
        &mut self,
        key: &Key,
        mut object: T,
        new: bool,
        most: usize,
    ) -> Option<(Option<Arc<T>>, Arc<T>)> {
        let before = match self.known.get(key) {
            Some(known) if is_newer(&object, known.as_ref()) => {
                object = object.succeed(known);
                Some(Arc::clone(known))
            }
            None if new => None,
            Some(_) | None => return None,
        };
        self.spare -= before.as_ref().map_or(0, |before| before.spare());
        if self.spare.saturating_add(object.spare()) > most {
            object.spare_no_more();
        }
        self.spare += object.spare();
        let object = Arc::new(object);
        let owner = before.as_deref().and_then(T::owner);
        if owner != object.owner() {
            self.disown(key, owner);
        }
        if let Some(new) = object.owner().filter(|new| owner != Some(*new)) {
            self.owned.entry(new.into()).or_default().push(key.clone());
        }
        self.known.insert(key.clone(), Arc::clone(&object));
        Some((before, object))
    }

    fn remove(&mut self, key: &Key, uid: &str) -> Option<Arc<T>> {
        self.known.get(key).filter(|known| known.uid() == uid)?;
        self.take(key)
    }

    fn take(&mut self, key: &Key) -> Option<Arc<T>> {
        let removed = self.known.remove(key)?;
        self.spare -= removed.spare();
        self.disown(key, removed.owner());
        Some(removed)
    }

    fn disown(&mut self, key: &Key, owner: Option<&str>) {
        if let Some(owner) = owner
            && let Some(keys) = self.owned.get_mut(owner)
        {
            keys.retain(|owned| owned != key);
            if keys.is_empty() {
                self.owned.remove(owner);
            }
        }
    }
}

/// The watch is behind what was written: an older version never replaces a newer one. Versions of one kind of object are
/// ordered numbers, which Kubernetes guarantees since 1.35 and has always done.
fn is_newer<T: Versioned>(new: &T, known: &T) -> bool {
    if new.uid() != known.uid() {
        return true;
    }
    match (new.version().parse::<u64>(), known.version().parse::<u64>()) {
        (Ok(new), Ok(known)) => new >= known,
        _ => true,
    }
}

/// Keeps the metrics of the actions: how many there are in each phase, and how many events are pending.
pub fn counted(metrics: Arc<super::metrics::Metrics>) -> Kept<KeptAction> {
    Kept::new(
        move |before: Option<&KeptAction>, after: Option<&KeptAction>| {
            let pending = |kept: Option<&KeptAction>| {
                i64::try_from(kept.map_or(0, KeptAction::pending)).unwrap_or(i64::MAX)
            };
            let (was, is) = (before.map(KeptAction::phase), after.map(KeptAction::phase));
            if was != is {
                if let Some(phase) = was {
                    metrics.actions.with_label_values(&[phase]).dec();
                }
                if let Some(phase) = is {
                    metrics.actions.with_label_values(&[phase]).inc();
                }
            }
            metrics.pending_events.add(pending(after) - pending(before));
            let bytes = |kept: Option<&KeptAction>| {
                i64::try_from(kept.map_or(0, KeptAction::remembered)).unwrap_or(i64::MAX)
            };
            metrics.pending_bytes.add(bytes(after) - bytes(before));
        },
    )
    .sparing(WHOLE_ACTIONS)
}
