//! How a private endpoint is made and changed.

use std::time::Duration;

use clouds::{
    Error,
    private_endpoints::{
        EndpointSettings, NewPrivateEndpoint, PrivateEndpoint as Found, PrivateEndpointId,
        PrivateEndpoints, ServiceOffer,
    },
    private_services::{ConnectionState, VerificationState},
    tags::Tags,
};
use framework::{
    Context, Diagnostic, Result, Value, path,
    wait::{self, Deadline, Poll},
};

use super::{
    PATIENCE, PrivateEndpointModel,
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

/// What there is left to do once somebody was waited for: private DNS, and the tags.
const FINISHING: Duration = Duration::from_mins(2);

/// A private endpoint as its arguments say.
pub(super) struct Wanted<'a> {
    apply: Apply<'a>,
    /// Until when the owner of the service is waited for; none where nobody waits.
    acceptance: Option<Deadline>,
    endpoints: &'a dyn PrivateEndpoints,
    /// None until it is made.
    id: Option<PrivateEndpointId>,
    new: NewPrivateEndpoint,
    /// Whether the security groups are left to the cloud.
    any_groups: bool,
    /// Whether one whose connection ended is made anew.
    again: bool,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(
        cx: &'a Context<Client>,
        plan: &PrivateEndpointModel,
        prior: Option<&PrivateEndpointModel>,
    ) -> Result<Self> {
        plan.check(cx.client()?, prior)?;
        let time = (&plan.timeouts, PATIENCE);
        let apply = Apply::new(
            cx,
            Kind::PrivateEndpoints,
            plan.name.get()?,
            &plan.tags,
            time,
        )?;
        let endpoints = &*cx.client()?.clouds()?.private_endpoints;
        let mut new = plan.wanted(apply.creating.clone())?;
        if let Some(default) = endpoints.defaults(&new.service, new.kind).policy
            && shape::is_default(new.settings.policy.as_ref(), &default)
        {
            new.settings.policy = Some(default);
        }
        let waits = plan.wait_for_acceptance == Value::Known(true);
        Ok(Self {
            acceptance: waits.then_some(apply.deadline),
            endpoints,
            id: plan.id.known().map(|id| id.parse()).transpose()?,
            new,
            any_groups: !plan.security_groups.is_known(),
            again: plan.recreate_closed == Value::Known(true),
            apply: Apply {
                deadline: Deadline::after(apply.deadline.allowed() + FINISHING),
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

    /// The settings that this one can have now: a name leads to it only once it works.
    fn reachable(&self, found: &Found) -> EndpointSettings {
        let mut settings = self.new.settings.clone();
        if self.any_groups {
            settings
                .security_groups
                .clone_from(&found.settings.security_groups);
        }
        if found.state != ConnectionState::Available {
            settings.private_dns = found.settings.private_dns;
            settings.dns_zones.clone_from(&found.settings.dns_zones);
        }
        settings
    }

    /// Brings its settings to what is wanted, one kind after the other where the cloud takes one at a time. One that has ended stays.
    async fn set(&self, found: Found) -> Result<Found> {
        let Self {
            apply, endpoints, ..
        } = self;
        let what = format!("the settings of {}", apply.marks);
        let id = found.id.clone();
        let id = &id;
        let mut seen = Some(found);
        wait::until(apply.cx, apply.deadline, &what, || {
            let seen = seen.take();
            async move {
                let outcome = async {
                    let found = match seen {
                        Some(found) => found,
                        None => endpoints.get(id).await?,
                    };
                    if found.state == ConnectionState::Pending {
                        return Ok(Err("it is pending".to_owned()));
                    }
                    let wanted = self.reachable(&found);
                    if !found.state.is_live() || found.settings == wanted {
                        return Ok(Ok(found));
                    }
                    endpoints.configure(&found, &wanted).await?;
                    Ok(Err("they were set and are read back".to_owned()))
                };
                match outcome.await {
                    Ok(Ok(found)) => Ok(Poll::Ready(found)),
                    Ok(Err(why)) => Ok(Poll::Pending(why)),
                    Err(error) if settle::is_settling(&error) => {
                        Ok(Poll::Pending(error.to_string()))
                    }
                    Err(error) => Err(error.into()),
                }
            }
        })
        .await
    }

    /// Waits for the owner of the service.
    async fn accepted(&self, found: Found, until: Deadline) -> Result<Found> {
        let cx = self.apply.cx;
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

    async fn configure(&self, found: Seen, _origin: Origin) -> Result<Seen> {
        let stopped = self.apply.cx.stopped();
        let mut found = self.set(found.endpoint).await?;
        if let (ConnectionState::PendingAcceptance, Some(until)) = (found.state, self.acceptance) {
            found = self.accepted(found, until).await?;
            if stopped.is_cancelled() {
                // The endpoint is as good as made, and a tainted one would be replaced: its owner would have to accept again.
                self.endpoints
                    .set_tags(&found, &self.apply.finished)
                    .await?;
                found.tags.clone_from(&self.apply.finished);
            } else if found.state.is_live() && found.state != ConnectionState::PendingAcceptance {
                found = self.set(found).await?;
            }
        }
        self.tell(&found);
        Ok(self.seen(found))
    }

    async fn set_tags(&self, found: &Seen, tags: &Tags) -> clouds::Result<()> {
        self.endpoints.set_tags(&found.endpoint, tags).await
    }

    fn record(model: &mut PrivateEndpointModel, found: &Seen) {
        model.record(found);
    }
}
