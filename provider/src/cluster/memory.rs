//! Clusters in memory, for tests: server-side apply with owners and conflicts, finalizers, rollouts, and faults on demand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{
    connection::{Connect, Connected},
    coordinates::Coordinates,
    error::{Error, FieldConflict, Verb},
    field_sets::{self, Owners},
    objects::{Apply, FIELD_MANAGER, Kind, Object, ObjectRef, Objects},
};

/// The clusters that can be connected to, by their coordinates.
#[derive(Default)]
pub struct Clusters {
    known: Mutex<BTreeMap<Coordinates, Option<Arc<Cluster>>>>,
}

impl Clusters {
    /// Clusters of which one answers at these coordinates.
    pub fn of(coordinates: Coordinates, cluster: Arc<Cluster>) -> Arc<Self> {
        let clusters = Self::default();
        clusters.put(coordinates, Some(cluster));
        Arc::new(clusters)
    }

    /// Makes a cluster answer; `None` is a cluster that its cloud says is deleted.
    pub fn put(&self, coordinates: Coordinates, cluster: Option<Arc<Cluster>>) {
        self.known.lock().unwrap().insert(coordinates, cluster);
    }
}

#[async_trait]
impl Connect for Clusters {
    async fn connect(&self, coordinates: &Coordinates) -> Result<Option<Connected>, Error> {
        let known = self.known.lock().unwrap().get(coordinates).cloned();
        match known {
            Some(Some(cluster)) => Connected::to(cluster).await.map(Some),
            Some(None) => Ok(None),
            None => Err(Error::Unreachable {
                host: coordinates.to_string(),
                reason: "no such cluster in memory".to_owned(),
            }),
        }
    }
}

/// One cluster.
pub struct Cluster {
    host: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<ObjectRef, (Object, Owners)>,
    clock: u64,
    calls: Vec<(Verb, String)>,
    faults: Vec<Fault>,
    rollouts: Rollouts,
    executor: bool,
    admission: Option<Admission>,
}

/// What changes objects on their way in.
type Admission = Box<dyn Fn(&mut Object) + Send>;

/// What becomes of a Deployment's pods.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Rollouts {
    /// They run at once.
    #[default]
    Complete,
    /// None becomes available.
    Stuck,
}

struct Fault {
    verb: Verb,
    object: String,
    /// How many such calls go well before.
    before: usize,
    kind: FaultKind,
}

/// What goes wrong.
pub enum FaultKind {
    /// The call is refused with this error and changes nothing.
    Fails(Error),
    /// The call takes effect and its answer is lost.
    AnswerLost,
}

impl Default for Cluster {
    fn default() -> Self {
        Self::with_uid("5f0c0f4e-0001")
    }
}

impl Cluster {
    /// A cluster whose kube-system namespace has this uid.
    pub fn with_uid(uid: &str) -> Self {
        let cluster = Self {
            host: "https://memory.example".to_owned(),
            state: Mutex::new(State {
                executor: true,
                ..State::default()
            }),
        };
        cluster.put(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "kube-system", "uid": uid } }));
        cluster
    }

    /// Puts an object there in somebody else's name.
    pub fn put(&self, object: Value) {
        let object = Object(object);
        let mut owners = Owners::new();
        owners.insert("kubectl".to_owned(), field_sets::leaves(&object.0));
        let mut state = self.lock();
        let key = object.reference();
        let uid = object.uid().to_owned();
        state.store(key.clone(), object, owners);
        if let (Some((object, _)), false) = (state.objects.get_mut(&key), uid.is_empty()) {
            object.0["metadata"]["uid"] = json!(uid);
        }
    }

    /// Changes an object as `manager` would by `kubectl edit`.
    pub fn edit(&self, manager: &str, object: &ObjectRef, edit: impl FnOnce(&mut Value)) {
        let mut state = self.lock();
        let (mut live, mut owners) = state
            .objects
            .get(object)
            .cloned()
            .unwrap_or_else(|| panic!("there is no {object}"));
        let before = live.0.clone();
        edit(&mut live.0);
        update_owners(&mut owners, manager, &before, &live.0);
        state.store(object.clone(), live, owners);
    }

    /// Removes an object at once.
    pub fn remove(&self, object: &ObjectRef) {
        self.lock().objects.remove(object);
    }

    /// The object, whoever owns it.
    pub fn find(&self, object: &ObjectRef) -> Option<Object> {
        self.lock()
            .objects
            .get(object)
            .map(|(object, _)| object.clone())
    }

    /// The names of all objects.
    pub fn all(&self) -> Vec<ObjectRef> {
        self.lock().objects.keys().cloned().collect()
    }

    /// The next such call on an object whose key starts so goes wrong.
    pub fn fault(&self, verb: Verb, object: &str, kind: FaultKind) {
        self.fault_after(0, verb, object, kind);
    }

    /// The same after so many such calls that go well.
    pub fn fault_after(&self, before: usize, verb: Verb, object: &str, kind: FaultKind) {
        self.lock().faults.push(Fault {
            verb,
            object: object.to_owned(),
            before,
            kind,
        });
    }

    /// The calls since the last time they were asked for.
    pub fn calls(&self) -> Vec<(Verb, String)> {
        std::mem::take(&mut self.lock().calls)
    }

    /// Sets the conditions in an object's status.
    pub fn set_conditions(&self, object: &ObjectRef, conditions: Value) {
        if let Some((object, _)) = self.lock().objects.get_mut(object) {
            object.0["status"]["conditions"] = conditions;
        }
    }

    pub fn set_rollouts(&self, rollouts: Rollouts) {
        self.lock().rollouts = rollouts;
    }

    /// Whether finalizers are cleared by whom they wait for.
    pub fn set_executor(&self, runs: bool) {
        self.lock().executor = runs;
    }

    /// From now on every write is changed by this, as a mutating webhook would.
    pub fn set_admission(&self, admission: impl Fn(&mut Object) + Send + 'static) {
        self.lock().admission = Some(Box::new(admission));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call; an error when it shall fail. `true` when its answer shall be lost.
    fn begin(&self, verb: Verb, object: &str) -> Result<bool, Error> {
        let mut state = self.lock();
        state.calls.push((verb, object.to_owned()));
        let fault = state
            .faults
            .iter()
            .position(|fault| fault.verb == verb && object.starts_with(&fault.object));
        if let Some(fault) = fault.map(|index| &mut state.faults[index])
            && fault.before > 0
        {
            fault.before -= 1;
            return Ok(false);
        }
        match fault.map(|index| state.faults.remove(index).kind) {
            None => Ok(false),
            Some(FaultKind::AnswerLost) => Ok(true),
            Some(FaultKind::Fails(error)) => Err(error),
        }
    }

    fn not_found(&self, object: &ObjectRef) -> Error {
        Error::NotFound {
            host: self.host().to_owned(),
            object: Box::new(object.clone()),
        }
    }

    fn answer(&self, lost: bool, object: Object) -> Result<Object, Error> {
        if lost {
            Err(lost_answer(self.host()))
        } else {
            Ok(object)
        }
    }
}

fn lost_answer(host: &str) -> Error {
    Error::Unreachable {
        host: host.to_owned(),
        reason: "connection closed before message completed".to_owned(),
    }
}

impl State {
    fn store(&mut self, key: ObjectRef, mut object: Object, owners: Owners) {
        self.clock += 1;
        if let Some(admission) = &self.admission {
            admission(&mut object);
        }
        let known = self.objects.get(&key).map(|(known, _)| known.clone());
        let uid = known.as_ref().map_or_else(
            || format!("uid-{}", self.clock),
            |known| known.uid().to_owned(),
        );
        let spec_changed = known
            .as_ref()
            .is_none_or(|known| known.0.get("spec") != object.0.get("spec"));
        let generation = known
            .as_ref()
            .map_or(0, |known| known.number("/metadata/generation"))
            + i64::from(spec_changed);
        let metadata = &mut object.0["metadata"];
        metadata["uid"] = json!(uid);
        metadata["resourceVersion"] = json!(self.clock.to_string());
        metadata["generation"] = json!(generation);
        metadata["managedFields"] = field_sets::managed_fields(&owners);
        match key.kind.kind.as_str() {
            "Deployment" => {
                let replicas = object
                    .0
                    .pointer("/spec/replicas")
                    .cloned()
                    .unwrap_or_else(|| json!(1));
                let available = if self.rollouts == Rollouts::Complete {
                    replicas.clone()
                } else {
                    json!(0)
                };
                object.0["status"] = json!({ "observedGeneration": generation, "replicas": replicas, "updatedReplicas": replicas, "availableReplicas": available });
            }
            "CustomResourceDefinition" => {
                object.0["status"] =
                    json!({ "conditions": [{ "type": "Established", "status": "True" }] });
            }
            _ => {}
        }
        self.objects.insert(key, (object, owners));
    }

    /// Ends the deletion of what waits for no finalizer any more.
    fn collect(&mut self) {
        if self.executor {
            for (object, _) in self.objects.values_mut() {
                if object.is_deleting() {
                    object.0["metadata"]["finalizers"] = json!([]);
                }
            }
        }
        self.objects
            .retain(|_, (object, _)| !(object.is_deleting() && object.finalizers().is_empty()));
        let namespaces: Vec<String> = self
            .objects
            .keys()
            .filter(|key| key.kind.kind == "Namespace")
            .map(|key| key.name.clone())
            .collect();
        self.objects.retain(|key, _| {
            key.namespace
                .as_ref()
                .is_none_or(|namespace| namespaces.contains(namespace))
        });
    }

    fn serves(&self, kind: &Kind) -> bool {
        kind.builtin().is_some()
            || self.objects.values().any(|(object, _)| {
                object.text("/kind") == "CustomResourceDefinition"
                    && object.text("/spec/names/kind") == kind.kind
                    && object.text("/spec/group") == kind.group()
            })
    }
}

#[async_trait]
impl Objects for Cluster {
    fn host(&self) -> &str {
        &self.host
    }

    async fn get(&self, object: &ObjectRef) -> Result<Object, Error> {
        let lost = self.begin(Verb::Get, &object.key())?;
        let found = self.find(object).ok_or_else(|| self.not_found(object))?;
        self.answer(lost, found)
    }

    async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        labels: &str,
    ) -> Result<Vec<Object>, Error> {
        self.begin(Verb::List, &kind.kind)?;
        let state = self.lock();
        if !state.serves(kind) {
            return Err(Error::NotServed {
                host: self.host().to_owned(),
                api_version: kind.api_version.clone(),
                kind: kind.kind.clone(),
            });
        }
        let picked = |object: &Object| {
            labels
                .split(',')
                .filter(|label| !label.is_empty())
                .all(|label| match label.split_once('=') {
                    Some((key, value)) => object.label(key) == Some(value),
                    None => object.label(label).is_some(),
                })
        };
        Ok(state
            .objects
            .iter()
            .filter(|(key, (object, _))| {
                key.kind == *kind
                    && (namespace.is_none() || key.namespace.as_deref() == namespace)
                    && picked(object)
            })
            .map(|(_, (object, _))| object.clone())
            .collect())
    }

    async fn apply(&self, object: &Object, apply: Apply) -> Result<Object, Error> {
        let key = object.reference();
        let lost = self.begin(Verb::Patch, &key.key())?;
        let mut state = self.lock();
        if let Some(namespace) = &key.namespace
            && !state.objects.contains_key(&ObjectRef::namespace(namespace))
        {
            return Err(self.not_found(&ObjectRef::namespace(namespace)));
        }
        let (mut live, mut owners) = state
            .objects
            .get(&key)
            .cloned()
            .unwrap_or_else(|| (Object(json!({})), Owners::new()));
        let applied = field_sets::leaves(&object.0);
        let differs = |leaf: &field_sets::Leaf| {
            field_sets::value_at(&live.0, leaf) != field_sets::value_at(&object.0, leaf)
        };
        let conflicts: Vec<_> = owners
            .iter()
            .filter(|(manager, _)| *manager != FIELD_MANAGER)
            .flat_map(|(manager, theirs)| {
                applied
                    .intersection(theirs)
                    .filter(|leaf| differs(leaf))
                    .map(|leaf| FieldConflict {
                        manager: manager.clone(),
                        field: field_sets::dotted(leaf),
                    })
            })
            .collect();
        if apply == Apply::Claim && !conflicts.is_empty() {
            return Err(Error::Conflict {
                object: key.into(),
                conflicts,
            });
        }
        let taken: Vec<_> = applied
            .iter()
            .filter(|leaf| differs(leaf))
            .cloned()
            .collect();
        for (manager, theirs) in &mut owners {
            if manager != FIELD_MANAGER {
                theirs.retain(|leaf| !taken.contains(leaf));
            }
        }
        let before = owners
            .insert(FIELD_MANAGER.to_owned(), applied.clone())
            .unwrap_or_default();
        for leaf in before.difference(&applied) {
            if !owners.values().any(|leaves| leaves.contains(leaf)) {
                field_sets::remove(&mut live.0, leaf);
            }
        }
        field_sets::lay_over(&mut live.0, &object.0, "");
        state.store(key.clone(), live, owners);
        let stored = state.objects.get(&key).map(|(object, _)| object.clone());
        drop(state);
        self.answer(lost, stored.ok_or_else(|| self.not_found(&key))?)
    }

    async fn replace(&self, object: &Object) -> Result<Object, Error> {
        let key = object.reference();
        let lost = self.begin(Verb::Update, &key.key())?;
        let mut state = self.lock();
        let (live, mut owners) = state
            .objects
            .get(&key)
            .cloned()
            .ok_or_else(|| self.not_found(&key))?;
        if live.text("/metadata/resourceVersion") != object.text("/metadata/resourceVersion") {
            return Err(Error::Changed {
                object: key.into(),
                message: "the object has been modified".to_owned(),
            });
        }
        update_owners(&mut owners, FIELD_MANAGER, &live.0, &object.0);
        state.store(key.clone(), object.clone(), owners);
        state.collect();
        let stored = state
            .objects
            .get(&key)
            .map_or_else(|| object.clone(), |(object, _)| object.clone());
        drop(state);
        self.answer(lost, stored)
    }

    async fn delete(&self, object: &ObjectRef, uid: &str) -> Result<(), Error> {
        let lost = self.begin(Verb::Delete, &object.key())?;
        let mut state = self.lock();
        let Some((live, _)) = state.objects.get_mut(object) else {
            return Err(self.not_found(object));
        };
        if live.uid() != uid {
            return Err(Error::Changed {
                object: Box::new(object.clone()),
                message: "the uid in the precondition is not the uid of the object".to_owned(),
            });
        }
        live.0["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        state.collect();
        drop(state);
        if lost {
            Err(lost_answer(self.host()))
        } else {
            Ok(())
        }
    }

    async fn version(&self) -> Result<String, Error> {
        self.begin(Verb::Get, "version")?;
        Ok("v1.36.2".to_owned())
    }
}

fn update_owners(owners: &mut Owners, manager: &str, before: &Value, after: &Value) {
    let was = field_sets::leaves(before);
    let is = field_sets::leaves(after);
    for theirs in owners.values_mut() {
        theirs.retain(|leaf| {
            is.contains(leaf)
                && field_sets::value_at(before, leaf) == field_sets::value_at(after, leaf)
        });
    }
    let changed = is.into_iter().filter(|leaf| {
        !was.contains(leaf)
            || field_sets::value_at(before, leaf) != field_sets::value_at(after, leaf)
    });
    owners
        .entry(manager.to_owned())
        .or_default()
        .extend(changed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_map(data: &Value) -> Object {
        Object(
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "kube-system" }, "data": data }),
        )
    }

    #[tokio::test]
    async fn a_field_of_another_manager_conflicts_until_forced() {
        let cluster = Cluster::default();
        cluster.put(config_map(&json!({ "a": "1", "b": "1" })).0);
        let ours = config_map(&json!({ "a": "2" }));
        let error = cluster.apply(&ours, Apply::Claim).await.unwrap_err();
        assert!(
            error.to_string().contains("`.data.a` by \"kubectl\""),
            "{error}"
        );
        let live = cluster.apply(&ours, Apply::Force).await.unwrap();
        assert_eq!(live.0["data"], json!({ "a": "2", "b": "1" }));
        let live = cluster
            .apply(&config_map(&json!({})), Apply::Claim)
            .await
            .unwrap();
        assert_eq!(
            live.0["data"],
            json!({ "b": "1" }),
            "what only we own goes, what kubectl owns stays"
        );
    }

    #[tokio::test]
    async fn a_finalizer_holds_an_object() {
        let cluster = Cluster::default();
        cluster.set_executor(false);
        cluster.put(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "kube-system", "finalizers": ["x/y"] } }));
        let key = config_map(&json!({})).reference();
        let live = cluster.get(&key).await.unwrap();
        assert!(matches!(
            cluster.delete(&key, "other").await,
            Err(Error::Changed { .. })
        ));
        cluster.delete(&key, live.uid()).await.unwrap();
        let mut live = cluster.get(&key).await.unwrap();
        assert!(live.is_deleting());
        live.0["metadata"]["finalizers"] = json!([]);
        cluster.replace(&live).await.unwrap();
        assert!(cluster.get(&key).await.unwrap_err().is_not_found());
    }
}
