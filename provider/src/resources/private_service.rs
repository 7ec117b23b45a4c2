//! `dataplane_private_service`: a load balancer, offered to the networks of others.

mod connections;
mod found;
mod verification;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use clouds::{
    error::{Error, Optional},
    private_services::{
        Answer, ConnectionId, ConnectionState, DnsName, LoadBalancerId, NewPrivateService,
        PrincipalPattern, PrivateService as Found, PrivateServiceId, PrivateServiceName,
        PrivateServices, ServiceSettings, ServiceState, SubnetId,
    },
    tags::Tags,
};
use framework::{
    Applied, Change, Context, Diagnostics, Model, Resource, Result, Set, Text, Timeouts, Update,
    Value, path,
    wait::{self, Poll},
};

use connections::ConnectionModel;
use verification::VerificationModel;
use wanted::Wanted;

use crate::{
    client::Client,
    drift,
    ownership::{self, Kind, Marks},
    refusals, replacements,
    settle::{self, is_settling},
    tags,
};

/// The resource.
pub struct PrivateService;

/// A load balancer, offered to the networks of others without a way between the networks: an endpoint service of AWS `PrivateLink`, a
/// service attachment of Google Cloud's Private Service Connect, an Azure Private Link service.
///
/// Whoever may, asks for a connection with a `dataplane_private_endpoint` of their own, which shows in `connections`, and is let in by
/// `accepted_connections` or `auto_accept`. A connection that somebody answered otherwise by hand is answered again by the next apply.
/// One that is accepted here before anybody asked with it is let in by the first apply after that.
///
/// It is imported by its `id`.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct PrivateServiceModel {
    /// Name of the service: up to 63 lower-case letters, digits and hyphens, from a letter on. Another name is another service. AWS gives
    /// it an id instead, and keeps the name as the tag `Name`, which a service that was imported without this provider's mark gets.
    #[attr(required)]
    pub name: Value<Text<PrivateServiceName>>,
    /// The load balancer behind it: the ARN of a Network Load Balancer on AWS, `projects/…/regions/…/forwardingRules/…` of an internal
    /// one on Google Cloud, the id of a frontend configuration (`…/frontendIPConfigurations/…`) on Azure, where another one is another
    /// service.
    #[attr(required)]
    pub load_balancer: Value<Text<LoadBalancerId>>,
    /// Subnets that the consumers' traffic comes from: on Google Cloud one or more of purpose `PRIVATE_SERVICE_CONNECT`, on Azure
    /// exactly one, where another one is another service. AWS needs none.
    #[attr(optional)]
    pub subnets: Value<Set<Text<SubnetId>>>,
    /// Who may ask for connections, and nobody else: ARNs of accounts (`…:root`), roles and users on AWS, `projects/PROJECT` or
    /// `projects/PROJECT/global/networks/NETWORK` on Google Cloud, ids of subscriptions on Azure; `*` for everybody. On Google Cloud
    /// everybody may ask, and these are whom `auto_accept` lets in.
    #[attr(optional)]
    pub allowed_principals: Value<Set<Text<PrincipalPattern>>>,
    /// Whether connections of `allowed_principals` are let in without being asked about.
    #[attr(optional, computed, default = false)]
    pub auto_accept: Value<bool>,
    /// Connections that are let in: what `connection_id` of the consumers' `dataplane_private_endpoint` says. On Google Cloud, which
    /// calls lists of endpoints a preview, it ends in the endpoint's number, which there is once it was made.
    #[attr(optional)]
    pub accepted_connections: Value<Set<Text<ConnectionId>>>,
    /// Connections that are kept out, also those that `auto_accept` let in.
    #[attr(optional)]
    pub rejected_connections: Value<Set<Text<ConnectionId>>>,
    /// How many connections each of `allowed_principals` may have, on Google Cloud: 1 to 1000. Default there: 10.
    #[attr(optional, validate = some_connections)]
    pub connection_limit: Value<i64>,
    /// Name by which consumers may reach it inside their networks. AWS wants it to be proved with a record, which `verification` says.
    /// On Google Cloud another one is another service.
    #[attr(optional)]
    pub private_dns_name: Value<Text<DnsName>>,
    /// Whether destroying the service also ends the connections to it. Has to be applied before the destroy.
    #[attr(optional, computed, default = false)]
    pub force_destroy: Value<bool>,
    /// Tags of the service, added to the provider's `tags`. Not on Google Cloud, which has no labels on service attachments.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud, and on AWS for the proof of the private DNS name. Default: ten minutes, on Azure an hour, and two
    /// minutes for the proof.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// Id of the service, which is also what it is imported by: `vpce-svc-…` on AWS, else its name.
    #[attr(computed, stable)]
    pub id: Value<String>,
    /// By what consumers name the service: `com.amazonaws.vpce.REGION.vpce-svc-…`, `projects/…/regions/…/serviceAttachments/…`, or a
    /// resource id.
    #[attr(computed, stable)]
    pub service_name: Value<String>,
    /// Another name for consumers, on Azure, which tells them less.
    #[attr(computed, stable)]
    pub alias: Value<String>,
    /// State of the service: `pending`, `available`, `failed` or `deleting`.
    #[attr(computed)]
    pub state: Value<String>,
    /// Who asked for a connection, and how it stands, in the order of their ids.
    #[attr(computed)]
    pub connections: Value<Vec<ConnectionModel>>,
    /// Ids of the zones that it is offered in, like `euw1-az1`, on AWS: endpoints lie in some of these.
    #[attr(computed)]
    pub zones: Value<Set<String>>,
    /// How far the proof of `private_dns_name` is, on AWS. An apply after the one that made the name has AWS look for the record.
    #[attr(computed)]
    pub verification: Value<VerificationModel>,
    /// Whom somebody else let in beside `allowed_principals`. The next apply takes that away.
    #[attr(computed)]
    pub unexpected_principals: Value<Set<String>>,
    /// Load balancers that somebody else put beside `load_balancer`, on AWS. The next apply takes them away.
    #[attr(computed)]
    pub unexpected_load_balancers: Value<Set<String>>,
    /// All tags: the provider's, its own, and the marks `dataplane:owner` and `dataplane:resource`.
    #[attr(computed)]
    pub tags_all: Value<BTreeMap<String, String>>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "validators get a reference, whatever the type"
)]
fn some_connections(limit: &i64) -> std::result::Result<(), String> {
    if (1..=1000).contains(limit) {
        Ok(())
    } else {
        Err(format!(
            "{limit} connections are no limit: it must be 1 to 1000, or left out for the cloud's default"
        ))
    }
}

/// Fields of a private service's types that are another argument.
const RENAMED: &[(&str, &str)] = &[
    ("allowed", "allowed_principals"),
    ("accepted", "accepted_connections"),
    ("rejected", "rejected_connections"),
];

/// A load balancer of each cloud in the region `*`, to ask about the rest of a service whose own one is made by the same apply.
const BALANCERS: [&str; 3] = [
    "arn:aws:elasticloadbalancing:*:123456789012:loadbalancer/net/not-known-yet/0123456789abcdef",
    "projects/not-known-yet/regions/*/forwardingRules/not-known-yet",
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/not-known-yet/providers/Microsoft.Network/loadBalancers/not-known-yet/frontendIPConfigurations/not-known-yet",
];

impl Resource for PrivateService {
    const NAME: &'static str = "dataplane_private_service";
    const IDENTITY: &'static [&'static str] = &["id"];
    type Client = Client;
    type Model = PrivateServiceModel;

    fn label(&self, model: &PrivateServiceModel) -> Option<String> {
        model.name.known().map(ToString::to_string)
    }

    fn validate(&self, config: &PrivateServiceModel, diagnostics: &mut Diagnostics) {
        let rejected = set(&config.rejected_connections);
        for both in set(&config.accepted_connections).intersection(&rejected) {
            diagnostics.error_at(
                path!("rejected_connections"),
                "Invalid value of rejected_connections",
                format!("{both} is both accepted and rejected: leave it in one"),
            );
        }
        let mut allowed = config.allowed_principals.known().into_iter().flatten();
        if config.auto_accept == Value::Known(true) && allowed.any(|who| who.is_everybody()) {
            diagnostics.error_at(
                path!("auto_accept"),
                "Invalid value of auto_accept",
                "everybody would be let in without being asked: name principals, or leave auto_accept off",
            );
        }
    }

    async fn plan(
        &self,
        cx: &Context<Client>,
        change: &mut Change<PrivateServiceModel>,
    ) -> Result<()> {
        let Some(planned) = change.planned.as_mut() else {
            return Ok(());
        };
        planned.unexpected_principals = Value::Known(Set::new());
        planned.unexpected_load_balancers = Value::Known(Set::new());
        if let Some(prior) = &change.prior {
            planned.follow(prior, &mut change.diagnostics);
        }
        let Some(client) = cx.client_if_known() else {
            replacements::ask(change, &["name"], RENAMED);
            return Ok(());
        };
        let services = &*client.clouds()?.private_services;
        let checked = planned.check(client, change.prior.as_ref());
        let tags = Marks::planned(client, Kind::PrivateServices, &planned.name, &planned.tags);
        planned.tags_all = refusals::along(checked, tags)?;
        let marked = change.prior.as_ref().is_some_and(|prior| {
            Marks::bear(client, Kind::PrivateServices, &prior.name, &prior.tags_all)
        });
        if marked || !services.renames() {
            replacements::ask(change, &["name"], RENAMED);
        }
        replacements::ask(change, services.replaces(), RENAMED);
        Ok(())
    }

    async fn create(
        &self,
        cx: &Context<Client>,
        plan: PrivateServiceModel,
    ) -> Applied<PrivateServiceModel> {
        ownership::create(&Wanted::of(cx, &plan, None)?, plan).await
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        mut state: PrivateServiceModel,
    ) -> Result<Option<PrivateServiceModel>> {
        let client = cx.client()?;
        let services = &client.clouds()?.private_services;
        let Some(mut found) = services.get(&state.service_id()?).await.optional()? else {
            return Ok(None);
        };
        let whose = (Kind::PrivateServices, &found.name);
        found.tags = drift::our_tags(client, whose, &state.tags_all, found.tags)?;
        drift::name_tag(&found.name, &state.tags_all, &mut found.tags);
        state.refresh(client, found);
        Ok(Some(state))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<PrivateServiceModel>,
    ) -> Applied<PrivateServiceModel> {
        let Update { prior, plan } = change;
        let wanted = Wanted::of(cx, &plan, Some(&prior))?;
        ownership::update(&wanted, plan, &prior.tags_all).await
    }

    async fn delete(&self, cx: &Context<Client>, state: PrivateServiceModel) -> Result<()> {
        let services = &*cx.client()?.clouds()?.private_services;
        let id = state.service_id()?;
        let force = state.force_destroy == Value::Known(true);
        let deadline = cx.deadline(&state.timeouts, services.patience());
        let what = format!("the deletion of private service {id}");
        wait::until(cx, deadline, &what, || async {
            let found = match services.get(&id).await.optional() {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(Poll::Ready(())),
                Err(error) if is_settling(&error) => return Ok(Poll::Pending(error.to_string())),
                Err(error) => return Err(error.into()),
            };
            if found.state == ServiceState::Deleting {
                return Ok(Poll::Pending("it is going away".to_owned()));
            }
            let live = connections::live(&found);
            if live.is_empty() {
                return deleted(services, &id).await;
            }
            if !force {
                return Err(connections::in_use(&found.name, &live).into());
            }
            for connection in &live {
                let rejected = services.answer(&found, &connection.id, Answer::Reject);
                match rejected.await.optional() {
                    Err(error) if !is_settling(&error) => return Err(error.into()),
                    _ => {}
                }
            }
            let count = live.len();
            Ok(Poll::Pending(format!(
                "{count} connections are being ended"
            )))
        })
        .await
    }

    async fn import(&self, cx: &Context<Client>, id: &str) -> Result<PrivateServiceModel> {
        let id: PrivateServiceId = id.parse()?;
        let identity = PrivateServiceModel {
            id: id.to_string().into(),
            ..PrivateServiceModel::default()
        };
        self.import_identity(cx, identity).await
    }

    async fn import_identity(
        &self,
        _cx: &Context<Client>,
        identity: PrivateServiceModel,
    ) -> Result<PrivateServiceModel> {
        Ok(PrivateServiceModel {
            force_destroy: false.into(),
            ..identity
        })
    }
}

/// One look at a service that nobody is connected to, whose deletion it asks for.
async fn deleted(services: &dyn PrivateServices, id: &PrivateServiceId) -> Result<Poll<()>> {
    match services.delete(id).await.optional() {
        Ok(None) => Ok(Poll::Ready(())),
        Ok(Some(())) => Ok(match settle::settling(services.get(id).await.optional())? {
            Poll::Ready(None) => Poll::Ready(()),
            Poll::Ready(Some(_)) => Poll::Pending("it is going away".to_owned()),
            Poll::Pending(why) => Poll::Pending(why),
        }),
        // Somebody asked for a connection since the look.
        Err(error) if is_settling(&error) || matches!(error, Error::NotEmpty(_)) => {
            Ok(Poll::Pending(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The elements of a set; none while it is unknown.
fn set<T: Ord + Clone>(values: &Value<Set<Text<T>>>) -> BTreeSet<T> {
    let known = values.known().into_iter().flatten();
    known.map(|value| T::clone(value)).collect()
}

impl PrivateServiceModel {
    fn service_id(&self) -> Result<PrivateServiceId> {
        Ok(self.id.get()?.parse()?)
    }

    /// What stays as it was, and what the apply may find otherwise.
    fn follow(&mut self, prior: &Self, diagnostics: &mut Diagnostics) {
        self.alias.clone_from(&prior.alias);
        let failed = prior.state.known().map(String::as_str) == Some(ServiceState::Failed.as_str());
        self.state = if failed {
            Value::Unknown
        } else {
            prior.state.clone()
        };
        self.zones = if self.load_balancer == prior.load_balancer {
            prior.zones.clone()
        } else {
            Value::Unknown
        };
        self.follow_connections(prior, diagnostics);
        self.follow_verification(prior, diagnostics);
    }

    /// Refuses what this cloud does not take, as far as it is known.
    fn check(&self, client: &Client, prior: Option<&Self>) -> Result<()> {
        let services = &client.clouds()?.private_services;
        let mut asked = self.clone();
        asked.name = refusals::named(&self.name, refusals::STAND_IN)?;
        let mut refused = Vec::new();
        for stand_in in BALANCERS {
            let stand_in = refusals::here(client, stand_in);
            asked.load_balancer = refusals::named(&self.load_balancer, &stand_in)?;
            refused.push(services.check(&asked.wanted(Tags::new())?));
        }
        let mut refused = refusals::whatever(&["load_balancer"], &refused);
        // Whom it would let in is not known yet, and a cloud may want to have somebody.
        refused.retain(|one| one.field != "auto_accept" || !self.allowed_principals.is_unknown());
        refusals::none_of(refused, RENAMED, prior, self)
    }

    /// What is unknown is as if it were left out.
    fn wanted(&self, tags: Tags) -> Result<NewPrivateService> {
        let limit = self.connection_limit.known();
        let private_dns_name = self.private_dns_name.known();
        Ok(NewPrivateService {
            name: PrivateServiceName::clone(self.name.get()?),
            settings: ServiceSettings {
                load_balancer: LoadBalancerId::clone(self.load_balancer.get()?),
                subnets: set(&self.subnets),
                allowed: set(&self.allowed_principals),
                auto_accept: self.auto_accept == Value::Known(true),
                accepted: set(&self.accepted_connections),
                rejected: set(&self.rejected_connections),
                connection_limit: limit.map(|limit| u32::try_from(*limit)).transpose()?,
                private_dns_name: private_dns_name.map(|name| DnsName::clone(name)),
            },
            tags,
        })
    }
}

#[cfg(test)]
mod tests;
