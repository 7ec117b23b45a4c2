//! `dataplane_private_endpoint`: an address in our network that leads to a service of somebody else, or of the cloud itself.

mod acceptance;
mod found;
mod settings;
mod shape;
mod wanted;

use std::{collections::BTreeMap, net::IpAddr};

use clouds::{
    error::Optional,
    policies::PolicyDocument,
    private_endpoints::{
        DnsZoneId, EndpointType, NetworkId, PrivateEndpoint as Found, PrivateEndpointId,
        PrivateEndpointName, PrivateEndpoints, RouteTableId, SecurityGroupId, ServiceName,
    },
    private_services::{ConnectionState, SubnetId},
};
use framework::{
    Applied, Change, Context, Model, Resource, Result, Set, Text, Timeouts, Update, Value, path,
    wait::{self, Poll},
};

use found::DnsEntryModel;
use wanted::Wanted;

use crate::{
    client::Client,
    drift,
    ownership::{self, Kind, Marks},
    refusals, replacements, settle, tags,
};

/// The resource.
pub struct PrivateEndpoint;

/// An address in our network that leads to a service of somebody else, or of the cloud itself, without a way over the internet: a VPC
/// endpoint of AWS, a Private Service Connect endpoint of Google Cloud with its address, an Azure private endpoint.
///
/// Where the owner of the service lets in by hand, an apply waits for that, and then switches private DNS on. When the time is over it
/// is no error, and nothing is made anew: `state` and `remedy` say who has to do what, and the next apply goes on. What cannot do
/// without the connection says so with a postcondition on `state`, as in the example. An endpoint whose connection was closed, has
/// expired or failed is made anew by the next apply, with another `connection_id`, unless `recreate_closed` is `false`.
///
/// It is imported by its `id`.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct PrivateEndpointModel {
    /// Name of the endpoint: up to 63 lower-case letters, digits and hyphens, from a letter on; on Google Cloud up to 20 letters and
    /// digits for a bundle. Another name is another endpoint. AWS gives it an id instead, and keeps the name as the tag `Name`, which one that
    /// was imported without this provider's mark gets.
    #[attr(required)]
    pub name: Value<Text<PrivateEndpointName>>,
    /// Where it leads: `com.amazonaws.…` on AWS; `projects/…/serviceAttachments/…`, or `all-apis` or `vpc-sc` for the cloud's own
    /// services on Google Cloud; on Azure the id of an object, or the alias of a Private Link service.
    #[attr(required, replaces)]
    pub service_name: Value<Text<ServiceName>>,
    /// How it is reached: `interface`, by an address, or `gateway`, by a route, which AWS has for S3 and `DynamoDB`.
    #[attr(optional, computed, default = "interface", replaces)]
    pub r#type: Value<Text<EndpointType>>,
    /// Its network: the id of a VPC on AWS, `projects/…/global/networks/…` on Google Cloud. Azure knows it by the subnet.
    #[attr(optional, replaces)]
    pub network: Value<Text<NetworkId>>,
    /// Subnets that it has addresses in: on AWS one or more, in different zones, on Google Cloud one, or none for a bundle, on Azure one. On
    /// Google Cloud and Azure another one is another endpoint. A gateway has none.
    #[attr(optional)]
    pub subnets: Value<Set<Text<SubnetId>>>,
    /// Route tables that lead to a gateway.
    #[attr(optional)]
    pub route_tables: Value<Set<Text<RouteTableId>>>,
    /// Security groups of its addresses, on AWS: one or more. Default: the one that the cloud gives it, which is the network's default group.
    #[attr(optional, computed, validate = some_groups)]
    pub security_groups: Value<Set<Text<SecurityGroupId>>>,
    /// What it lets through to services of AWS's own, as JSON. Default: everything.
    #[attr(optional, computed)]
    pub policy: Value<Text<PolicyDocument>>,
    /// Whether the service's own names lead to it inside the network. Default: `true` for services of AWS's own, and for service attachments
    /// on Google Cloud, where another value is another endpoint. On Azure see `dns_zones`.
    #[attr(optional, computed)]
    pub private_dns: Value<bool>,
    /// Private DNS zones that its names are written into, on Azure.
    #[attr(optional)]
    pub dns_zones: Value<Set<Text<DnsZoneId>>>,
    /// Its address, on Google Cloud: one of the subnet, or for a bundle one that the network does not use. Default: a free one.
    #[attr(optional, computed, stable, replaces)]
    pub address: Value<Text<IpAddr>>,
    /// Parts of an object of Azure that it leads to, like `blob`, `dfs`, `vault`, `registry` or `management`. A Private Link service has
    /// none.
    #[attr(optional, replaces)]
    pub sub_resources: Value<Set<String>>,
    /// Whether it is reached from all regions of the network, on Google Cloud.
    #[attr(optional, computed, default = false)]
    pub global_access: Value<bool>,
    /// What the owner of the service is told with the request, on Azure: up to 140 characters.
    #[attr(optional, validate = short)]
    pub request_message: Value<String>,
    /// Whether an apply waits until the owner of the service lets it in, for as long as `timeouts` say.
    #[attr(optional, computed, default = true)]
    pub wait_for_acceptance: Value<bool>,
    /// Whether an endpoint whose connection came to an end is made anew.
    #[attr(optional, computed, default = true)]
    pub recreate_closed: Value<bool>,
    /// Tags of the endpoint, added to the provider's `tags`.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud, and for the owner of the service. Default: ten minutes, and on Azure, which changes one thing of a
    /// network at a time, an hour for the cloud.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// Id of the endpoint, which is also what it is imported by: `vpce-…` on AWS, else its name.
    #[attr(computed, stable)]
    pub id: Value<String>,
    /// What the owner of the service writes into `accepted_connections`.
    #[attr(computed, stable)]
    pub connection_id: Value<String>,
    /// State of the connection: `pending_acceptance`, `pending`, `available`, `rejected`, `closed`, `expired`, `failed`, `partial` or
    /// `deleting`.
    #[attr(computed)]
    pub state: Value<String>,
    /// What has to be done, and by whom, as long as `state` is not `available`.
    #[attr(computed)]
    pub remedy: Value<String>,
    /// Its addresses.
    #[attr(computed)]
    pub addresses: Value<Vec<String>>,
    /// Names that lead to it, those that work in all zones first.
    #[attr(computed)]
    pub dns: Value<Vec<DnsEntryModel>>,
    /// Whether the service's own names lead to it now.
    #[attr(computed)]
    pub private_dns_active: Value<bool>,
    /// Prefix list of a gateway, for rules of security groups.
    #[attr(computed)]
    pub prefix_list: Value<String>,
    /// All tags: the provider's, its own, and the marks `dataplane:owner` and `dataplane:resource`.
    #[attr(computed)]
    pub tags_all: Value<BTreeMap<String, String>>,
}

fn some_groups(groups: &Set<Text<SecurityGroupId>>) -> std::result::Result<(), String> {
    if groups.is_empty() {
        return Err("no endpoint is without a group: name one, or leave the argument out for the network's default group".to_owned());
    }
    Ok(())
}

#[expect(
    clippy::ptr_arg,
    reason = "validators get a reference, whatever the type"
)]
fn short(message: &String) -> std::result::Result<(), String> {
    match message.chars().count() {
        1..=140 => Ok(()),
        count => Err(format!(
            "a message of {count} characters is not possible: it must be 1 to 140 long, or left out"
        )),
    }
}

impl Resource for PrivateEndpoint {
    const NAME: &'static str = "dataplane_private_endpoint";
    const IDENTITY: &'static [&'static str] = &["id"];
    type Client = Client;
    type Model = PrivateEndpointModel;

    fn label(&self, model: &PrivateEndpointModel) -> Option<String> {
        model.name.known().map(ToString::to_string)
    }

    async fn plan(
        &self,
        cx: &Context<Client>,
        change: &mut Change<PrivateEndpointModel>,
    ) -> Result<()> {
        let (Some(config), Some(planned)) = (&change.config, change.planned.as_mut()) else {
            return Ok(());
        };
        planned.keep(config, change.prior.as_ref());
        let client = cx.client_if_known();
        if let Some(client) = client {
            planned.fill_in(config, &*client.clouds()?.private_endpoints);
        }
        let anew = change
            .prior
            .as_ref()
            .is_some_and(|prior| planned.follow(prior, &mut change.diagnostics));
        if let Some(client) = client {
            let endpoints = &*client.clouds()?.private_endpoints;
            let checked = planned.check(client, change.prior.as_ref());
            let tags = Marks::planned(client, Kind::PrivateEndpoints, &planned.name, &planned.tags);
            planned.tags_all = refusals::along(checked, tags)?;
            let marked = change.prior.as_ref().is_some_and(|prior| {
                Marks::bear(client, Kind::PrivateEndpoints, &prior.name, &prior.tags_all)
            });
            if marked || !endpoints.renames() {
                replacements::ask(change, &["name"], shape::RENAMED);
            }
            let has = |field: &str| change.prior.as_ref().is_none_or(|prior| prior.has(field));
            let lasting = endpoints.replaces().iter().copied();
            let lasting: Vec<_> = lasting.filter(|field| has(field)).collect();
            replacements::ask(change, &lasting, shape::RENAMED);
        } else {
            replacements::ask(change, &["name"], shape::RENAMED);
        }
        if anew {
            change.replace(path!("state"));
        }
        Ok(())
    }

    async fn create(
        &self,
        cx: &Context<Client>,
        plan: PrivateEndpointModel,
    ) -> Applied<PrivateEndpointModel> {
        ownership::create(&Wanted::of(cx, &plan, None)?, plan).await
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        mut state: PrivateEndpointModel,
    ) -> Result<Option<PrivateEndpointModel>> {
        let client = cx.client()?;
        let endpoints = &*client.clouds()?.private_endpoints;
        let Some(mut found) = endpoints.get(&state.endpoint_id()?).await.optional()? else {
            return Ok(None);
        };
        let whose = (Kind::PrivateEndpoints, &found.name);
        found.tags = drift::our_tags(client, whose, &state.tags_all, found.tags)?;
        drift::name_tag(&found.name, &state.tags_all, &mut found.tags);
        state.refresh(client, found, endpoints);
        Ok(Some(state))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<PrivateEndpointModel>,
    ) -> Applied<PrivateEndpointModel> {
        let Update { prior, plan } = change;
        let wanted = Wanted::of(cx, &plan, Some(&prior))?;
        ownership::update(&wanted, plan, &prior.tags_all).await
    }

    async fn delete(&self, cx: &Context<Client>, state: PrivateEndpointModel) -> Result<()> {
        let endpoints = &*cx.client()?.clouds()?.private_endpoints;
        let id = state.endpoint_id()?;
        let deadline = cx.deadline(&state.timeouts, endpoints.patience());
        let object = format!("private endpoint {id}");
        settle::deleted(cx, deadline, &object, || endpoints.delete(&id)).await?;
        wait::until(cx, deadline, &format!("{object} to be gone"), || async {
            Ok(match endpoints.get(&id).await.optional() {
                Ok(None) => Poll::Ready(()),
                Ok(Some(found)) => Poll::Pending(format!("it is still {}", found.state)),
                Err(error) if settle::is_settling(&error) => Poll::Pending(error.to_string()),
                Err(error) => return Err(error.into()),
            })
        })
        .await
    }

    async fn import(&self, cx: &Context<Client>, id: &str) -> Result<PrivateEndpointModel> {
        let id: PrivateEndpointId = id.parse()?;
        let identity = PrivateEndpointModel {
            id: id.to_string().into(),
            ..PrivateEndpointModel::default()
        };
        self.import_identity(cx, identity).await
    }

    async fn import_identity(
        &self,
        _cx: &Context<Client>,
        identity: PrivateEndpointModel,
    ) -> Result<PrivateEndpointModel> {
        Ok(PrivateEndpointModel {
            wait_for_acceptance: true.into(),
            recreate_closed: true.into(),
            ..identity
        })
    }
}

#[cfg(test)]
mod tests;
