//! The one way in which an object that carries our marks is made and changed, in whichever cloud: a resource says only what is
//! its own about it.

use std::{collections::BTreeMap, fmt, future::Future, time::Duration};

use clouds::{Error, tags::Tags};
use framework::{
    Applied, Context, Failure, Keep, Result, Timeouts, Value,
    wait::{Deadline, Poll},
};

use super::{Kind, Marks};
use crate::{client::Client, settle, tags};

/// An object as a resource wants it, and what it takes to bring it there.
pub trait Managed: Sync {
    /// The model of the resource.
    type Model: Clone + Send;
    /// The object as it is found.
    type Found: Send + Sync;

    /// The apply that it is wanted by.
    fn apply(&self) -> &Apply<'_>;

    /// The tags that were found with it.
    fn tags(found: &mut Self::Found) -> &mut Tags;

    /// Makes it with the tags of an unfinished object, or sees that there is one of that name.
    fn make(&self) -> impl Future<Output = Result<Creation<Self::Found>>> + Send;

    /// Looks it up.
    fn find(&self) -> impl Future<Output = clouds::Result<Self::Found>> + Send;

    /// Goes on with one that exists already, or says why it must not be touched.
    fn take_up(&self) -> impl Future<Output = Result<Self::Found>> + Send {
        async {
            let mut found = self.find().await?;
            let marks = &self.apply().marks;
            marks.claim(Self::tags(&mut found), &marks.name)?;
            self.suits(&found)?;
            Ok(found)
        }
    }

    /// Refuses a half-made one that can never become what is wanted.
    fn suits(&self, _found: &Self::Found) -> Result<()> {
        Ok(())
    }

    /// Brings it to what is wanted, all but its tags, and answers it as it is then.
    fn configure(
        &self,
        found: Self::Found,
        origin: Origin,
    ) -> impl Future<Output = Result<Self::Found>> + Send;

    /// Replaces the tags that were found.
    fn set_tags(
        &self,
        found: &Self::Found,
        tags: &Tags,
    ) -> impl Future<Output = clouds::Result<()>> + Send;

    /// Enters what no argument says.
    fn record(model: &mut Self::Model, found: &Self::Found);
}

/// Makes an object, or finishes the one that an earlier apply of the same resource left half made. Anybody else's is an error.
///
/// When a step fails, what this call made stays in the state; what it only continued does not, for it would be tainted.
pub async fn create<W: Managed>(wanted: &W, plan: W::Model) -> Applied<W::Model> {
    let (origin, found) = match wanted.make().await? {
        Creation::Made(found) => (Origin::Made, Some(found)),
        Creation::Unseen => (Origin::Made, None),
        Creation::Exists => (Origin::Continued, Some(wanted.take_up().await?)),
    };
    let found = match found {
        Some(found) => found,
        None => origin.keep(look(wanted, settle::settling).await, &plan)?,
    };
    let mut made = plan.clone();
    W::record(&mut made, &found);
    let finished = finish(wanted, found, origin, &Tags::new()).await;
    let found = origin.keep(finished, &made)?;
    let mut applied = plan;
    W::record(&mut applied, &found);
    Ok(applied)
}

/// Changes the object of a resource; one that is gone since the plan is an error at once. The prior state stays when that
/// fails: the next plan sees how far it came. `recorded` are the tags that the state has: those that are no longer wanted go.
pub async fn update<W: Managed>(
    wanted: &W,
    plan: W::Model,
    recorded: &Value<BTreeMap<String, String>>,
) -> Applied<W::Model> {
    let there = |answer| match answer {
        Err(gone @ Error::NotFound(_)) => Err(gone.into()),
        answer => settle::settling(answer),
    };
    let found = look(wanted, there).await?;
    let recorded = recorded.known().cloned().unwrap_or_default();
    let found = finish(wanted, found, Origin::Kept, &recorded).await?;
    let mut applied = plan;
    W::record(&mut applied, &found);
    Ok(applied)
}

async fn look<W: Managed>(
    wanted: &W,
    judge: impl Fn(clouds::Result<W::Found>) -> Result<Poll<W::Found>>,
) -> Result<W::Found> {
    let Apply {
        cx,
        deadline,
        marks,
        ..
    } = wanted.apply();
    settle::judged(cx, *deadline, marks, || wanted.find(), judge).await
}

/// The tags come last, for they say that the object is finished.
async fn finish<W: Managed>(
    wanted: &W,
    found: W::Found,
    origin: Origin,
    recorded: &Tags,
) -> Result<W::Found> {
    let mut found = wanted.configure(found, origin).await?;
    let apply = wanted.apply();
    apply.see_ours(recorded, W::tags(&mut found))?;
    if *W::tags(&mut found) != apply.finished {
        let tagged = apply
            .settled("tags", || wanted.set_tags(&found, &apply.finished))
            .await;
        if let Err(error) = tagged {
            // Where only the answer was lost, the object is finished, and no later apply could continue it.
            let now = match origin {
                Origin::Continued => wanted.find().await.ok(),
                Origin::Made | Origin::Kept => None,
            };
            let finished = match now {
                Some(mut now) => {
                    apply.see_ours(recorded, W::tags(&mut now))?;
                    *W::tags(&mut now) == apply.finished
                }
                None => false,
            };
            if !finished {
                return Err(error);
            }
        }
        W::tags(&mut found).clone_from(&apply.finished);
    }
    Ok(found)
}

/// What became of the call that makes an object.
pub enum Creation<F> {
    /// It is made, and this is what the cloud says of it.
    Made(F),
    /// It is made; what it is like has to be looked up.
    Unseen,
    /// One of that name exists already.
    Exists,
}

impl<F> From<Option<F>> for Creation<F> {
    fn from(made: Option<F>) -> Self {
        made.map_or(Self::Exists, Self::Made)
    }
}

impl<F> Creation<F> {
    /// Of a call that only answers that it was done.
    pub fn unseen(made: Option<()>) -> Self {
        made.map_or(Self::Exists, |()| Self::Unseen)
    }
}

/// Where the object that is being finished comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This very call made it.
    Made,
    /// An earlier apply made it, and did not get to its end.
    Continued,
    /// The state has it: it is only changed.
    Kept,
}

impl Origin {
    /// The outcome of a later step. When it failed, the state keeps what this call made, so that nothing is orphaned; what an
    /// earlier apply made stays out of the state, for a tainted object would be destroyed, and is continued again next time.
    fn keep<T, M: Clone>(self, outcome: Result<T>, made: &M) -> std::result::Result<T, Failure<M>> {
        match self {
            Self::Made => outcome.keep(made),
            Self::Continued | Self::Kept => outcome.map_err(Failure::from),
        }
    }
}

/// One apply of one object: how it is marked, and until when the cloud is waited for.
pub struct Apply<'a> {
    /// The request.
    pub cx: &'a Context<Client>,
    /// When to give up.
    pub deadline: Deadline,
    /// Whose it is.
    pub marks: Marks<'a>,
    /// Its tags while it is being made.
    pub creating: Tags,
    /// Its tags when it is finished.
    pub finished: Tags,
}

impl<'a> Apply<'a> {
    /// The apply of the object of this kind and name, with the tags and the timeouts of its resource.
    pub fn new(
        cx: &'a Context<Client>,
        kind: Kind,
        name: impl fmt::Display,
        tags: &Value<BTreeMap<String, String>>,
        (timeouts, patience): (&Value<Timeouts>, Duration),
    ) -> Result<Self> {
        let marks = Marks::new(cx.client()?, kind, name)?;
        Ok(Self {
            cx,
            deadline: cx.deadline(timeouts, patience),
            creating: marks.creating(tags.known())?,
            finished: marks.finished(tags.known())?,
            marks,
        })
    }

    /// Leaves out the tags that others put there and that stay: those that are not wanted, and never were.
    fn see_ours(&self, recorded: &Tags, found: &mut Tags) -> Result<()> {
        let Marks { client, kind, .. } = self.marks;
        self.marks.spell(found);
        if client.clouds()?.account.foreign_tags_stay(kind) {
            let names = self.finished.keys().chain(recorded.keys());
            *found = tags::ours(found, &names);
        }
        Ok(())
    }

    /// Makes the object, once what went before is settled. None when one of that name exists already.
    pub async fn created<T, F>(&self, call: impl FnMut() -> F) -> Result<Option<T>>
    where
        F: Future<Output = clouds::Result<T>>,
    {
        let what = format!("the creation of {}", self.marks);
        settle::judged(self.cx, self.deadline, what, call, settle::creation).await
    }

    /// The same for an object that refers to others, which are waited for a minute only.
    pub async fn made<T, F>(&self, call: impl FnMut() -> F) -> Result<Option<T>>
    where
        F: Future<Output = clouds::Result<T>>,
    {
        let what = format!("the creation of {}", self.marks);
        settle::made(self.cx, self.deadline, what, call).await
    }

    /// Changes a part of the object, once it is seen everywhere.
    pub async fn settled<T, F>(&self, part: &str, call: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = clouds::Result<T>>,
    {
        let what = format!("the {part} of {}", self.marks);
        settle::settled(self.cx, self.deadline, what, call).await
    }
}
