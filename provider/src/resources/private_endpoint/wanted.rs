//! How a private endpoint is made and changed.

use std::{sync::OnceLock, time::Duration};

use clouds::{
    Error,
    private_endpoints::{
        NewPrivateEndpoint, PrivateEndpoint as Found, PrivateEndpointId, PrivateEndpoints,
        ServiceOffer,
    },
    private_services::{ConnectionState, VerificationState},
    tags::Tags,
};
use framework::{Context, Diagnostic, Diagnostics, Result, Value, path, wait::Deadline};

use super::{
    PrivateEndpointModel,
    acceptance::{self, Outlook},
    found::Seen,
    shape,
};
use crate::{
    client::Client,
    ownership::{Apply, Creation, Kind, Managed, Origin},
    settle,
};

/// How long a service that lets us in since a moment ago may take to be seen.
const SEEING: Duration = Duration::from_secs(10);

/// How long the owner of a service is waited for without `timeouts`.
const OWNER: Duration = Duration::from_mins(10);

/// What there is left to do once somebody was waited for: private DNS, and the tags.
const FINISHING: Duration = Duration::from_mins(2);

/// A private endpoint as its arguments say.
pub(super) struct Wanted<'a> {
    pub(super) apply: Apply<'a>,
    /// For how long the owner of the service is waited for; none where nobody waits.
    acceptance: Option<Duration>,
    pub(super) endpoints: &'a dyn PrivateEndpoints,
    /// None until it is made.
    id: Option<PrivateEndpointId>,
    pub(super) new: NewPrivateEndpoint,
    /// Whether the security groups are left to the cloud.
    pub(super) any_groups: bool,
    /// Whether one whose connection ended is made anew.
    again: bool,
    /// Whether the owner of the service is asked, once that is known.
    asks: OnceLock<bool>,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(
        cx: &'a Context<Client>,
        plan: &PrivateEndpointModel,
        prior: Option<&PrivateEndpointModel>,
    ) -> Result<Self> {
        plan.check(cx.client()?, prior)?;
        let endpoints = &*cx.client()?.clouds()?.private_endpoints;
        let time = (&plan.timeouts, endpoints.patience());
        let apply = Apply::new(
            cx,
            Kind::PrivateEndpoints,
            plan.name.get()?,
            &plan.tags,
            time,
        )?;
        let mut new = plan.wanted(apply.creating.clone())?;
        if let Some(default) = endpoints.defaults(&new.service, new.kind).policy
            && shape::is_default(new.settings.policy.as_ref(), &default)
        {
            new.settings.policy = Some(default);
        }
        let waits = plan.wait_for_acceptance == Value::Known(true);
        Ok(Self {
            acceptance: waits.then(|| cx.deadline(&plan.timeouts, OWNER).allowed()),
            endpoints,
            id: plan.id.known().map(|id| id.parse()).transpose()?,
            new,
            any_groups: !plan.security_groups.is_known(),
            again: plan.recreate_closed == Value::Known(true),
            asks: OnceLock::new(),
            apply: Apply {
                deadline: apply
                    .deadline
                    .later(if waits { FINISHING } else { Duration::ZERO }),
                ..apply
            },
        })
    }

    fn seen(&self, endpoint: Found) -> Seen {
        Seen {
            remedy: acceptance::remedy(self.endpoints, &endpoint, self.again),
            endpoint,
        }
    }

    /// What the service is, before anything is made.
    async fn offer(&self) -> Result<ServiceOffer> {
        let Apply {
            cx,
            deadline,
            marks,
            ..
        } = &self.apply;
        let NewPrivateEndpoint { service, kind, .. } = &self.new;
        let grace = Deadline::after(SEEING);
        let ask = || self.endpoints.service(service, *kind);
        settle::judged(cx, *deadline, service, ask, |answer| match answer {
            Err(error @ Error::NotFound(_)) if grace.remaining().is_zero() => {
                let title = format!("{marks} has no service to lead to");
                Err(Diagnostic::error(title, error.to_string())
                    .at(path!("service_name"))
                    .into())
            }
            answer => settle::settling(answer),
        })
        .await
    }

    /// Waits for the owner of the service, from now on.
    async fn accepted(&self, found: Found, allowed: Duration) -> Result<Found> {
        let cx = self.apply.cx;
        let left = self.apply.deadline.remaining().saturating_sub(FINISHING);
        let until = Deadline::after(allowed.min(left));
        let id = found.id.clone();
        let what = format!("{} to be accepted", self.apply.marks);
        let look = || self.endpoints.get(&id);
        settle::awaited(cx, until, what, found, look, |found| match found.state {
            ConnectionState::PendingAcceptance => Some(self.endpoints.acceptance(found)),
            ConnectionState::Pending => Some("it was accepted, and is being made".to_owned()),
            _ => None,
        })
        .await
    }

    /// Waits for the owner of the service, and has what comes after that.
    async fn let_in(&self, found: Found, allowed: Duration, origin: Origin) -> Result<Found> {
        let waiting = found.clone();
        let (found, failed) = match self.accepted(found, allowed).await {
            Err(failed) => (waiting, Some(failed)),
            Ok(found) if self.apply.cx.stopped().is_cancelled() => {
                let found = self.complete(found, None).await?;
                self.tell(&found);
                return Ok(found);
            }
            Ok(found) if found.state.is_live() && found.state != waiting.state => {
                match self.set(found.clone(), false).await {
                    Ok(found) => (found, None),
                    Err(failed) => (found, Some(failed)),
                }
            }
            Ok(found) => (found, None),
        };
        match failed {
            None => {
                self.tell(&found);
                Ok(found)
            }
            // The state that an update had stays.
            Some(failed) if origin == Origin::Kept => Err(failed),
            Some(failed) => self.complete(found, Some(&failed)).await,
        }
    }

    /// Completes one whose owner was waited for, although a step `failed` or Terraform asked to stop. A tainted one would be replaced, and
    /// its owner would have to accept anew.
    async fn complete(&self, found: Found, failed: Option<&Diagnostics>) -> Result<Found> {
        let Apply {
            cx,
            marks,
            finished,
            ..
        } = &self.apply;
        let said = failed.map(|failed| failed.iter().map(|one| one.detail.as_str()));
        let said = said.map(|parts| parts.collect::<Vec<_>>().join("; "));
        if let Err(error) = self.endpoints.set_tags(&found, finished).await {
            if let (Error::NotFound(_), Some(failed)) = (&error, failed) {
                return Err(failed.clone());
            }
            let first = said.map_or_else(String::new, |said| format!("{said}; then "));
            return Err(Diagnostic::error(
                format!("{marks} is not finished"),
                format!(
                    "{first}{error}. The endpoint {} is there, and Terraform may take it for tainted, to make another one that its owner has \
                     to accept anew. To keep it, run `terraform untaint` with the address of this resource before the next apply.",
                    found.id
                ),
            )
            .into());
        }
        if let Some(said) = said {
            let remedy = acceptance::remedy(self.endpoints, &found, self.again);
            let remedy = remedy.map_or_else(String::new, |remedy| format!(" {remedy}"));
            cx.warn(
                format!("{marks} is not finished"),
                format!("{said}.{remedy} Nothing is made anew: the next apply goes on with this endpoint."),
            );
        }
        let tags = finished.clone();
        Ok(Found { tags, ..found })
    }

    /// Says what is still to be done by somebody.
    fn tell(&self, found: &Found) {
        let Some(remedy) = acceptance::remedy(self.endpoints, found, self.again) else {
            return;
        };
        let then = match (Outlook::from(found.state), self.acceptance) {
            (Outlook::Waits, Some(_)) => {
                " Nothing is made anew: the next apply goes on with this endpoint."
            }
            (Outlook::Waits, None) => {
                " With wait_for_acceptance = false no apply waits for that; what needs it comes with the first one after it."
            }
            (Outlook::Works | Outlook::Ended | Outlook::Leaves, _) => "",
        };
        let title = acceptance::title(self.new.name.as_str(), found.state);
        self.apply.cx.warn(title, format!("{remedy}{then}"));
    }
}

impl Managed for Wanted<'_> {
    type Model = PrivateEndpointModel;
    type Found = Seen;

    fn apply(&self) -> &Apply<'_> {
        &self.apply
    }

    fn tags(found: &mut Seen) -> &mut Tags {
        &mut found.endpoint.tags
    }

    async fn make(&self) -> Result<Creation<Seen>> {
        let offer = self.offer().await?;
        self.asks.get_or_init(|| offer.acceptance);
        let unproved = offer
            .private_dns
            .is_some_and(|of| of != VerificationState::Verified);
        if self.new.settings.private_dns && unproved {
            return Err(Diagnostic::error(
                "Invalid value of private_dns",
                format!(
                    "The owner of {} has not proved its private DNS name yet: wait until they have, or set private_dns = false.",
                    self.new.service
                ),
            )
            .at(path!("private_dns"))
            .into());
        }
        let create = || self.endpoints.create(&self.new);
        let made = self.apply.made(create).await?;
        Ok(made.map(|made| self.seen(made)).into())
    }

    async fn find(&self) -> clouds::Result<Seen> {
        let found = match &self.id {
            Some(id) => self.endpoints.get(id).await,
            None => self.endpoints.find(&self.new).await,
        };
        found.map(|found| self.seen(found))
    }

    async fn take_up(&self) -> Result<Seen> {
        let found = self.find().await?;
        let endpoint = &found.endpoint;
        self.apply
            .marks
            .claim(&endpoint.tags, endpoint.id.as_str())?;
        self.suits(&found)?;
        Ok(found)
    }

    fn suits(&self, Seen { endpoint, .. }: &Seen) -> Result<()> {
        let new = &self.new;
        let (wanted, have) = (&new.settings, &endpoint.settings);
        let lasting = |field: &'static str| self.endpoints.replaces().contains(&field);
        let network = endpoint.network.is_some() && endpoint.network != new.network;
        let address = new.address.is_some() && endpoint.address != new.address;
        let others = [
            ("service_name", endpoint.service != new.service),
            ("type", endpoint.kind != new.kind),
            ("network", network),
            ("address", address),
            ("sub_resources", endpoint.sub_resources != new.sub_resources),
            (
                "subnets",
                lasting("subnets") && have.subnets != wanted.subnets,
            ),
            (
                "private_dns",
                lasting("private_dns") && have.private_dns != wanted.private_dns,
            ),
        ];
        match others.iter().find(|(_, other)| *other) {
            None => Ok(()),
            Some((field, _)) => Err(Diagnostic::error(
                format!("private endpoint {} is half made with another `{field}`", new.name),
                format!(
                    "An earlier apply of this configuration was interrupted while it made the endpoint {} with another `{field}`, which \
                     cannot be changed. Delete it, or go back to that value, and apply again.",
                    endpoint.id
                ),
            )
            .into()),
        }
    }

    async fn configure(&self, Seen { endpoint, .. }: Seen, origin: Origin) -> Result<Seen> {
        // The creating call may not tell all that one has which works at once.
        let old = origin == Origin::Made && endpoint.state == ConnectionState::Available;
        let found = match self.set(endpoint.clone(), old).await {
            Err(failed) if origin != Origin::Kept && self.asks.get() == Some(&true) => {
                // Its owner may have let it in already: by a list, or by somebody faster than our first look.
                let now = self.endpoints.get(&endpoint.id).await.unwrap_or(endpoint);
                if !now.state.is_live() {
                    return Err(failed);
                }
                return Ok(self.seen(self.complete(now, Some(&failed)).await?));
            }
            found => found?,
        };
        let waits = found.state == ConnectionState::PendingAcceptance;
        let found = if let Some(allowed) = self.acceptance.filter(|_| waits) {
            self.let_in(found, allowed, origin).await?
        } else {
            self.tell(&found);
            found
        };
        Ok(self.seen(found))
    }

    async fn set_tags(&self, found: &Seen, tags: &Tags) -> clouds::Result<()> {
        self.endpoints.set_tags(&found.endpoint, tags).await
    }

    fn record(model: &mut PrivateEndpointModel, found: &Seen) {
        model.record(found);
    }
}
