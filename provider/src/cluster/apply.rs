//! Applying a set of objects: in order, without stealing, with everything that was begun accounted for.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use framework::{
    Diagnostic, Diagnostics, Result,
    wait::{self, Deadline, Poll, Stoppable},
};
use futures::{StreamExt, stream};

use super::{
    error::{Error, Optional},
    managed_fields,
    objects::{Apply, Object, ObjectRef, Objects},
    outage::Outage,
    ownership::{Marks, Standing, Taken},
    projection,
    set::{self, CONCURRENT, Texts},
};

/// How long the last step of a create may take, however late it comes.
const LAST_STEP: Duration = Duration::from_secs(30);

/// What a set is applied with.
pub struct Target<'a> {
    pub objects: &'a dyn Objects,
    pub marks: &'a Marks,
    /// How to take over what exists, for messages: "import it with …".
    pub import: String,
}

/// How an apply ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What may be in the cluster now and belongs into state.
    pub texts: Texts,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
    /// Whether objects of an earlier create, which never ended, were found and continued.
    pub continued: bool,
}

impl Target<'_> {
    /// Applies a set for the first time. Until [`Target::finish`] its first object is marked as being created.
    pub async fn create(
        &self,
        stop: &impl Stoppable,
        deadline: Deadline,
        wanted: &[Object],
    ) -> Result<Outcome> {
        let live = self.settled(stop, deadline, wanted).await?;
        let mut outcome = Outcome::default();
        for (index, object) in wanted.iter().enumerate() {
            let name = object.reference();
            let Some(live) = live.get(&name).filter(|_| !set::is_made_by_cluster(&name)) else {
                continue;
            };
            match self.marks.standing(live) {
                Standing::Foreign(whose) => {
                    return Err(Taken::new(&name, whose, &self.import).into());
                }
                // The first object loses its mark last, so without it this create has ended long ago.
                Standing::Ours if index == 0 => {
                    let whose =
                        "it is complete and belongs to this owner, but to another state".to_owned();
                    return Err(Taken::new(&name, whose, &self.import).into());
                }
                Standing::Ours | Standing::HalfMade => outcome.continued = true,
            }
        }
        let begun: Vec<Object> = wanted
            .iter()
            .take(1)
            .map(|first| self.marks.put_creating(first))
            .collect();
        self.apply_all(&begun, Apply::Claim, &mut outcome).await;
        if !outcome.diagnostics.has_error() {
            self.apply_all(
                wanted.get(1..).unwrap_or_default(),
                Apply::Claim,
                &mut outcome,
            )
            .await;
        }
        if outcome.continued && !outcome.diagnostics.has_error() {
            self.sweep(wanted).await?;
        }
        if outcome.diagnostics.has_error() {
            // What never left this process is not in the cluster; what was sent may be.
            outcome
                .texts
                .retain(|key, _| wanted.iter().any(|object| object.reference().key() == *key));
        } else {
            outcome.texts = set::texts(wanted);
        }
        Ok(outcome)
    }

    /// Removes what the create that is continued had made and this one does not want: another configuration began it.
    async fn sweep(&self, wanted: &[Object]) -> std::result::Result<(), Error> {
        let names: BTreeSet<ObjectRef> = wanted.iter().map(Object::reference).collect();
        let places: BTreeSet<_> = names
            .iter()
            .map(|name| (&name.kind, name.namespace.as_deref()))
            .collect();
        for (kind, namespace) in places
            .into_iter()
            .filter(|(kind, _)| kind.kind != "Namespace")
        {
            for live in self
                .objects
                .list(kind, namespace, set::OURS)
                .await
                .optional()?
                .unwrap_or_default()
            {
                let name = live.reference();
                if self.marks.are_on(&live)
                    && !names.contains(&name)
                    && !set::is_made_by_cluster(&name)
                {
                    self.objects.delete(&name, live.uid()).await.optional()?;
                }
            }
        }
        Ok(())
    }

    /// Ends a create: takes the mark off the first object. Without an answer it is tried again: when the mark is off and nobody
    /// knows, the next create takes the object for a complete one of another state and refuses it.
    pub async fn finish(
        &self,
        stop: &impl Stoppable,
        deadline: Deadline,
        wanted: &[Object],
    ) -> Result<()> {
        let Some(first) = wanted.first() else {
            return Ok(());
        };
        // What was waited for before may have taken all the time there was.
        let deadline = Deadline::after(deadline.remaining().max(LAST_STEP));
        let outage = &Outage::default();
        wait::until(
            stop,
            deadline,
            "the last step of the create",
            || async move {
                let applied = self.objects.apply(first, Apply::Claim).await;
                outage.outlast(applied.map(|_| Poll::Ready(())))
            },
        )
        .await
    }

    /// Makes a cluster that had the objects of `prior` have those wanted: changed ones are applied, our fields taken back, and what
    /// is not wanted any more removed.
    pub async fn update(&self, prior: &Texts, wanted: &[Object]) -> Result<Outcome> {
        let mut outcome = Outcome {
            texts: prior.clone(),
            ..Outcome::default()
        };
        let changed =
            |object: &&Object| prior.get(&object.reference().key()) != Some(&set::text(object));
        let (known, new): (Vec<&Object>, Vec<&Object>) = wanted
            .iter()
            .filter(changed)
            .partition(|object| prior.contains_key(&object.reference().key()));
        let names: Vec<_> = new.iter().map(|object| object.reference()).collect();
        let live = set::fetch(self.objects, &names).await?;
        for name in names.iter().filter(|name| !set::is_made_by_cluster(name)) {
            if let Some(Standing::Foreign(whose)) =
                live.get(name).map(|live| self.marks.standing(live))
            {
                return Err(Taken::new(name, whose, &self.import).into());
            }
        }
        let cloned = |objects: Vec<&Object>| objects.into_iter().cloned().collect::<Vec<_>>();
        self.apply_all(&cloned(new), Apply::Claim, &mut outcome)
            .await;
        if !outcome.diagnostics.has_error() {
            self.apply_all(&cloned(known), Apply::Force, &mut outcome)
                .await;
        }
        if !outcome.diagnostics.has_error() {
            self.prune(wanted, &mut outcome).await?;
        }
        Ok(outcome)
    }

    /// Waits until nothing of these names is being deleted, and answers what there is.
    async fn settled(
        &self,
        stop: &impl Stoppable,
        deadline: Deadline,
        wanted: &[Object],
    ) -> Result<BTreeMap<ObjectRef, Object>> {
        let names: Vec<_> = wanted.iter().map(Object::reference).collect();
        let names = &names;
        wait::until(
            stop,
            deadline,
            "objects of the same names to be deleted",
            || async move {
                let live = set::fetch(self.objects, names).await?;
                Ok(match live.values().find(|live| live.is_deleting()) {
                    Some(leaving) => {
                        Poll::Pending(format!("{} is still being deleted", leaving.reference()))
                    }
                    None => Poll::Ready(live),
                })
            },
        )
        .await
    }

    async fn apply_all(&self, objects: &[Object], apply: Apply, outcome: &mut Outcome) {
        let mut stages: BTreeMap<u8, Vec<&Object>> = BTreeMap::new();
        for object in objects {
            stages
                .entry(set::stage(&object.reference().kind))
                .or_default()
                .push(object);
        }
        for stage in stages.into_values() {
            let calls: Vec<_> = stage
                .iter()
                .map(|object| self.apply_one(object, apply))
                .collect();
            let results: Vec<_> = stream::iter(calls).buffered(CONCURRENT).collect().await;
            let mut unsettled_objects = Vec::new();
            for (object, result) in stage.into_iter().zip(results) {
                match result {
                    Ok(unsettled) => {
                        outcome
                            .texts
                            .insert(object.reference().key(), set::text(object));
                        unsettled_objects.extend(unsettled.into_iter().map(Diagnostic::from));
                    }
                    Err(error) => {
                        // An answer that was lost may have been a success.
                        if error.is_passing() {
                            outcome
                                .texts
                                .entry(object.reference().key())
                                .or_insert_with(|| set::text(object));
                        }
                        outcome.diagnostics.push(explained(&error));
                    }
                }
            }
            let failed = outcome.diagnostics.has_error();
            outcome
                .diagnostics
                .extend(unsettled_objects.into_iter().collect::<Diagnostics>());
            if failed {
                return;
            }
        }
    }

    async fn apply_one(
        &self,
        object: &Object,
        apply: Apply,
    ) -> std::result::Result<Option<Persistent>, Error> {
        let live = match self.objects.apply(object, apply).await {
            // A binding's role can't be changed, only be bound anew.
            Err(Error::Invalid { .. }) if apply == Apply::Force && is_binding(object) => {
                let name = object.reference();
                let live = self.objects.get(&name).await?;
                self.objects.delete(&name, live.uid()).await?;
                self.objects.apply(object, apply).await?
            }
            applied => applied?,
        };
        if apply == Apply::Claim || projection::project(object, &live) == *object {
            return Ok(None);
        }
        let live = self
            .objects
            .replace(&projection::mended(object, &live))
            .await?;
        if projection::project(object, &live) == *object {
            return Ok(None);
        }
        Ok(Some(Persistent {
            object: object.reference(),
            managers: managed_fields::managers_of(&live),
        }))
    }

    /// Removes what `outcome` still has and nobody wants any more. Never a namespace: others may live in it.
    async fn prune(&self, wanted: &[Object], outcome: &mut Outcome) -> Result<()> {
        let kept: Vec<_> = wanted
            .iter()
            .map(|object| object.reference().key())
            .collect();
        let unwanted: Vec<Object> = set::parsed(&outcome.texts)?
            .into_iter()
            .filter(|object| !kept.contains(&object.reference().key()))
            .collect();
        let mut names: Vec<_> = unwanted.iter().map(Object::reference).collect();
        names.sort_by_key(|name| std::cmp::Reverse(set::stage(&name.kind)));
        let live = set::fetch(self.objects, &names).await?;
        for name in names {
            let ours = live.get(&name).filter(|live| self.marks.are_on(live));
            if let (Some(live), false) = (
                ours,
                name.kind.kind == "Namespace" || set::is_made_by_cluster(&name),
            ) {
                match self.objects.delete(&name, live.uid()).await {
                    Err(error) if !error.is_not_found() => {
                        outcome.diagnostics.push(explained(&error));
                        return Ok(());
                    }
                    _ => {}
                }
            }
            outcome.texts.remove(&name.key());
        }
        Ok(())
    }
}

/// An object that something keeps changing back.
struct Persistent {
    object: ObjectRef,
    managers: Vec<String>,
}

impl From<Persistent> for Diagnostic {
    fn from(Persistent { object, managers }: Persistent) -> Self {
        Self::error(
            format!("{object} does not stay as it was applied"),
            format!(
                "Right after the apply it differed again, so an admission webhook or a controller changes it (field managers: {}). \
                 The next plan will show the difference again. Exempt the object there, or put the change into `patches`.",
                if managers.is_empty() {
                    "none but ours".to_owned()
                } else {
                    managers.join(", ")
                }
            ),
        )
    }
}

fn is_binding(object: &Object) -> bool {
    matches!(object.text("/kind"), "RoleBinding" | "ClusterRoleBinding")
}

/// An error with what to do, where the cluster's words don't say it.
pub fn explained(error: &Error) -> Diagnostic {
    let advice = match error {
        Error::Conflict { conflicts, .. } => {
            let managers: BTreeSet<_> = conflicts
                .iter()
                .map(|conflict| conflict.manager.as_str())
                .collect();
            format!(
                ". They were left alone. Have {} give these fields up (remove them from what it applies, or delete the object), then run again",
                managers.into_iter().collect::<Vec<_>>().join(" and ")
            )
        }
        Error::NotFound { object, .. } if object.kind.kind == "Namespace" => {
            ". Set `create_namespace = true`, or make the namespace first".to_owned()
        }
        _ => String::new(),
    };
    Diagnostic::error("", format!("{error}{advice}"))
}
