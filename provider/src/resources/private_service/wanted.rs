//! How a private service is made and changed.

use std::{collections::BTreeSet, time::Duration};

use clouds::{
    error::{Error, Optional},
    private_services::{
        Connection, ConnectionId, ConnectionState, NewPrivateService, PrivateService as Found,
        PrivateServiceId, PrivateServices, ServiceState, VerificationState,
    },
    tags::Tags,
};
use framework::{
    Context, Diagnostic, Result,
    wait::{Deadline, Poll},
};

use super::{PrivateServiceModel, connections, verification};
use crate::{
    client::Client,
    ownership::{Apply, Creation, Kind, Managed, Origin},
    settle,
};

/// How long the cloud is waited for, without `timeouts`, to find the record that proves a private DNS name: somebody else may have to
/// set it, and every apply looks again.
const PROOF: Duration = Duration::from_mins(2);

/// How long a change that was just asked for may take to begin, or one that is under way to end.
const CHANGING: Duration = Duration::from_secs(30);

/// What is left of the time for the last step.
const MARGIN: Duration = Duration::from_secs(5);

/// How long the way of one that was let in may take to be made.
const CONNECTING: Duration = Duration::from_mins(2);

/// A private service as its arguments say.
pub(super) struct Wanted<'a> {
    apply: Apply<'a>,
    services: &'a dyn PrivateServices,
    /// For how long the cloud may look for the record that proves a private DNS name.
    proof: Duration,
    /// None until it is made.
    id: Option<PrivateServiceId>,
    new: NewPrivateService,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(
        cx: &'a Context<Client>,
        plan: &PrivateServiceModel,
        prior: Option<&PrivateServiceModel>,
    ) -> Result<Self> {
        plan.check(cx.client()?, prior)?;
        let services = &*cx.client()?.clouds()?.private_services;
        let time = (&plan.timeouts, services.patience());
        let apply = Apply::new(
            cx,
            Kind::PrivateServices,
            plan.name.get()?,
            &plan.tags,
            time,
        )?;
        Ok(Self {
            services,
            proof: cx.deadline(&plan.timeouts, PROOF).allowed(),
            id: plan.id.known().map(|id| id.parse()).transpose()?,
            new: plan.wanted(apply.creating.clone())?,
            apply,
        })
    }

    /// Looks until it is available.
    async fn available(&self, id: &PrivateServiceId) -> Result<Found> {
        let Apply {
            cx,
            deadline,
            marks,
            ..
        } = &self.apply;
        let judge = |answer| {
            let found: Found = match settle::settling(answer)? {
                Poll::Ready(found) => found,
                Poll::Pending(why) => return Ok(Poll::Pending(why)),
            };
            match found.state {
                ServiceState::Available => Ok(Poll::Ready(found)),
                ServiceState::Pending | ServiceState::Deleting => {
                    Ok(Poll::Pending(format!("it is {}", found.state.as_str())))
                }
                ServiceState::Failed => Err(Diagnostic::error(
                    format!("{marks} failed"),
                    "The cloud could not bring it into being, and does not say why. Look at its load balancer (zones, subnets, quotas), \
                     then let Terraform make it anew with `-replace` and the address of this resource.",
                )
                .into()),
            }
        };
        settle::judged(cx, *deadline, marks, || self.services.get(id), judge).await
    }

    fn outstanding<'c>(&self, found: &'c Found) -> Vec<(&'c Connection, super::Answer)> {
        let settings = &self.new.settings;
        let asked = found.connections.iter().map(|one| (&one.id, one.state));
        let answers = connections::outstanding(&settings.accepted, &settings.rejected, asked);
        let of = |id: &ConnectionId| found.connections.iter().find(|one| one.id == *id);
        let answers = answers.into_iter();
        answers
            .filter_map(|(id, answer)| Some((of(id)?, answer)))
            .collect()
    }

    /// Answers one that asked. Why it takes no answer, where that is for good: one consumer's state must not hold all others up.
    async fn answer(
        &self,
        found: &Found,
        Connection { id, .. }: &Connection,
        answer: super::Answer,
    ) -> Result<Option<String>> {
        let Apply { cx, deadline, .. } = &self.apply;
        let what = format!("the connection {id} of {}", self.apply.marks);
        let call = || {
            let answered = self.services.answer(found, id, answer);
            // Whoever went away meanwhile needs no answer.
            async move { answered.await.optional() }
        };
        let grace = Deadline::after(CHANGING.min(deadline.remaining()));
        let judge = |answered| match answered {
            Err(error @ Error::Invalid(_)) => Ok(Poll::Ready(Some(error.to_string()))),
            Err(error @ Error::Conflict(_)) if grace.remaining().is_zero() => {
                Ok(Poll::Ready(Some(error.to_string())))
            }
            answered => Ok(match settle::settling(answered)? {
                Poll::Ready(_) => Poll::Ready(None),
                Poll::Pending(why) => Poll::Pending(why),
            }),
        };
        settle::judged(cx, *deadline, what, call, judge).await
    }

    /// Those who were let in and have no way through yet.
    fn connecting<'f>(&'f self, found: &'f Found) -> impl Iterator<Item = &'f ConnectionId> {
        let accepted = &self.new.settings.accepted;
        let pending = found.connections.iter();
        let pending = pending.filter(|one| one.state == ConnectionState::Pending);
        pending
            .map(|one| &one.id)
            .filter(|id| accepted.contains(*id))
    }

    /// Answers those who asked, and looks until they see it. What becomes of their ways after that is for a while waited for: they are
    /// others', and must not hold up what comes after them.
    async fn answered(&self, found: Found) -> Result<Found> {
        let apply = &self.apply;
        let answers = self.outstanding(&found);
        let mut refused = BTreeSet::new();
        for (connection, answer) in &answers {
            if let Some(why) = self.answer(&found, connection, *answer).await? {
                let (id, state) = (&connection.id, connection.state);
                apply.cx.warn(
                    format!("{id} could not be answered"),
                    format!("It is still {state}: {why}. All others were answered. Its consumer may have to make it anew."),
                );
                refused.insert(id.clone());
            }
        }
        let what = format!("the connections of {}", apply.marks);
        let id = found.id.clone();
        let look = || self.services.get(&id);
        let judge = |answer| {
            let found = match settle::settling(answer)? {
                Poll::Ready(found) => found,
                Poll::Pending(why) => return Ok(Poll::Pending(why)),
            };
            let outstanding = self.outstanding(&found);
            let left = outstanding
                .iter()
                .find(|(one, _)| !refused.contains(&one.id));
            let left = left.map(|(one, _)| format!("{} is still {}", one.id, one.state));
            Ok(left.map_or(Poll::Ready(found), Poll::Pending))
        };
        let found = if answers.len() == refused.len() {
            found
        } else {
            settle::judged(apply.cx, apply.deadline, &what, look, judge).await?
        };
        let left = apply.deadline.remaining().saturating_sub(MARGIN);
        let until = Deadline::after(CONNECTING.min(left));
        let found = settle::awaited(apply.cx, until, what, found, look, |found| {
            let id = self.connecting(found).next()?;
            Some(format!("{id} is still {}", ConnectionState::Pending))
        })
        .await?;
        for id in self.connecting(&found) {
            apply.cx.warn(
                format!("{id} is not connected yet"),
                "It was let in, and its way is still being made, which its consumer has to look at where it does not come to an end. Nothing here waits for it \
                 any longer: `connections` tells how it stands.",
            );
        }
        Ok(found)
    }

    /// Has the cloud look for the record of a name that an earlier apply set.
    async fn proved(&self, found: Found, known: bool) -> Result<Found> {
        let state = |found: &Found| found.verification.as_ref().map(|proof| proof.state);
        let before = state(&found);
        let unproved = [VerificationState::Pending, VerificationState::Failed];
        if !known || !state(&found).is_some_and(|state| unproved.contains(&state)) {
            return Ok(found);
        }
        let apply = &self.apply;
        let verify = || self.services.verify(&found);
        apply.settled("private DNS name", verify).await?;
        let id = found.id.clone();
        let found = apply
            .settled("private DNS name", || self.services.get(&id))
            .await?;
        // The tags still have to be set when nobody found the record.
        let left = apply.deadline.remaining().saturating_sub(MARGIN);
        let deadline = Deadline::after(self.proof.saturating_sub(MARGIN).min(left));
        // That an earlier look failed is told until the cloud begins with this one.
        let begins = Deadline::after(CHANGING);
        let what = format!("the proof of the private DNS name of {}", apply.marks);
        let look = || self.services.get(&id);
        settle::awaited(apply.cx, deadline, what, found, look, |found| {
            let now = state(found);
            let as_before = now == Some(VerificationState::Failed) && now == before;
            let pending = now == Some(VerificationState::Pending);
            let waits = pending || as_before && !begins.remaining().is_zero();
            waits.then(|| "the record was not found yet".to_owned())
        })
        .await
    }
}

impl Managed for Wanted<'_> {
    type Model = PrivateServiceModel;
    type Found = Found;

    fn apply(&self) -> &Apply<'_> {
        &self.apply
    }

    fn tags(found: &mut Found) -> &mut Tags {
        &mut found.tags
    }

    async fn make(&self) -> Result<Creation<Found>> {
        let create = || self.services.create(&self.new);
        Ok(self.apply.made(create).await?.into())
    }

    async fn find(&self) -> clouds::Result<Found> {
        match &self.id {
            Some(id) => self.services.get(id).await,
            None => self.services.find(&self.new).await,
        }
    }

    async fn take_up(&self) -> Result<Found> {
        let found = self.find().await?;
        self.apply.marks.claim(&found.tags, found.id.as_str())?;
        self.suits(&found)?;
        Ok(found)
    }

    fn suits(&self, found: &Found) -> Result<()> {
        let (wanted, have) = (&self.new.settings, &found.settings);
        let other = |field: &str| match field {
            "load_balancer" => wanted.load_balancer != have.load_balancer,
            "subnets" => wanted.subnets != have.subnets,
            "private_dns_name" => wanted.private_dns_name != have.private_dns_name,
            _ => false,
        };
        match self.services.replaces().iter().find(|field| other(field)) {
            None => Ok(()),
            Some(field) => Err(Diagnostic::error(
                format!("private service {} is half made with another `{field}`", found.name),
                format!(
                    "An earlier apply of this configuration was interrupted while it made the service with another `{field}`, which \
                     cannot be changed. Delete the service, which nobody is connected to, or go back to that value, and apply again."
                ),
            )
            .into()),
        }
    }

    async fn configure(&self, found: Found, origin: Origin) -> Result<Found> {
        let wanted = &self.new.settings;
        let mut found = match found.state {
            ServiceState::Available => found,
            // Some clouds repair by another change what the last one left as failed.
            ServiceState::Failed if origin != Origin::Made => found,
            _ => self.available(&found.id).await?,
        };
        let named = found.settings.private_dns_name == wanted.private_dns_name;
        let foreign =
            !(found.foreign_principals.is_empty() && found.foreign_load_balancers.is_empty());
        let failed = found.state == ServiceState::Failed;
        if found.settings != *wanted || foreign || failed {
            let configure = || self.services.configure(&found, wanted);
            let Apply {
                cx,
                deadline,
                marks,
                ..
            } = &self.apply;
            let what = format!("the settings of {marks}");
            settle::changed(cx, *deadline, what, configure).await?;
            found = self.available(&found.id).await?;
        }
        let found = self.answered(found).await?;
        let found = self.proved(found, named && origin == Origin::Kept).await?;
        let asked = found.connections.iter().map(|one| &one.id);
        let unasked = connections::unasked(&wanted.accepted, asked);
        let unasked = unasked.iter().map(connections::not_asked);
        for (summary, detail) in unasked.chain(verification::unproved(&found)) {
            self.apply.cx.warn(summary, detail);
        }
        Ok(found)
    }

    async fn set_tags(&self, found: &Found, tags: &Tags) -> clouds::Result<()> {
        self.services.set_tags(found, tags).await
    }

    fn record(model: &mut PrivateServiceModel, found: &Found) {
        model.record(found);
    }
}
