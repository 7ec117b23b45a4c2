//! How a private service is made and changed.

use std::time::Duration;

use clouds::{
    error::Optional,
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

use super::{PATIENCE, PrivateServiceModel, connections, verification};
use crate::{
    client::Client,
    ownership::{Apply, Creation, Kind, Managed, Origin},
    settle,
};

/// A private service as its arguments say.
pub(super) struct Wanted<'a> {
    apply: Apply<'a>,
    services: &'a dyn PrivateServices,
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
        let time = (&plan.timeouts, PATIENCE);
        let apply = Apply::new(
            cx,
            Kind::PrivateServices,
            plan.name.get()?,
            &plan.tags,
            time,
        )?;
        Ok(Self {
            services: &*cx.client()?.clouds()?.private_services,
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

    /// Answers those who asked, and looks until they see it.
    async fn answered(&self, found: Found) -> Result<Found> {
        let (apply, accepted) = (&self.apply, &self.new.settings.accepted);
        let answers = self.outstanding(&found);
        for (Connection { id, .. }, answer) in &answers {
            let call = || {
                let answered = self.services.answer(&found, id, *answer);
                // Whoever went away meanwhile needs no answer.
                async move { answered.await.optional() }
            };
            apply.settled(&format!("connection {id}"), call).await?;
        }
        // Whoever was let in has no way through yet.
        let connecting = |found: &Found| {
            let mut let_in = found.connections.iter();
            let_in
                .find(|one| one.state == ConnectionState::Pending && accepted.contains(&one.id))
                .map(|one| (one.id.clone(), one.state))
        };
        if answers.is_empty() && connecting(&found).is_none() {
            return Ok(found);
        }
        let what = format!("the connections of {}", apply.marks);
        let look = || self.services.get(&found.id);
        let judge = |answer| {
            let found = match settle::settling(answer)? {
                Poll::Ready(found) => found,
                Poll::Pending(why) => return Ok(Poll::Pending(why)),
            };
            let left = self
                .outstanding(&found)
                .first()
                .map(|(one, _)| (one.id.clone(), one.state))
                .or_else(|| connecting(&found));
            Ok(match left {
                None => Poll::Ready(found),
                Some((id, state)) => Poll::Pending(format!("{id} is still {state}")),
            })
        };
        settle::judged(apply.cx, apply.deadline, what, look, judge).await
    }

    /// Has the cloud look for the record of a name that an earlier apply set.
    async fn proved(&self, found: Found, known: bool) -> Result<Found> {
        let state = |found: &Found| found.verification.as_ref().map(|proof| proof.state);
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
        let deadline = Deadline::after(apply.deadline.remaining().saturating_sub(MARGIN));
        let what = format!("the proof of the private DNS name of {}", apply.marks);
        let look = || self.services.get(&id);
        settle::awaited(apply.cx, deadline, what, found, look, |found| {
            let pending = state(found) == Some(VerificationState::Pending);
            pending.then(|| "the record was not found yet".to_owned())
        })
        .await
    }
}

/// What is left of the time for the last step.
const MARGIN: Duration = Duration::from_secs(5);

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
            _ => self.available(&found.id).await?,
        };
        let named = found.settings.private_dns_name == wanted.private_dns_name;
        if found.settings != *wanted || !found.foreign_principals.is_empty() {
            let configure = || self.services.configure(&found, wanted);
            self.apply.settled("settings", configure).await?;
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
