//! Private services: each a Private Link service in front of a frontend of a Standard load balancer.
//!
//! Calls: `create` 2; `get` 1; `configure` 0 or 2; `answer` 2; `set_tags` 1, or 2 where tags come and go; `delete` 2, and 1 for each
//! connection that has ended, since Azure deletes no service that has any.
//!
//! Who may ask is a list of subscriptions (`visibility`), and who is let in without being asked about is another (`autoApproval`):
//! with `auto_accept` they are the same.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use clouds::error::Call;
use clouds::private_services::{
    Answer, ConnectionId, ConnectionState, LoadBalancerId, NewPrivateService, PrincipalPattern,
    PrivateService, PrivateServiceId, PrivateServices, ServiceSettings, ServiceState,
};
use clouds::tags::OWNER;
use clouds::{Error, Optional, Refusal, Result, Tags};
use serde::{Deserialize, Serialize};

use crate::error::Classify;
use crate::networks::{PATIENCE, Reference, Turn, ours};
use crate::private_service_connections::{self as connections, FoundConnection};
use crate::provisioning::Provisioning;
use crate::{Azure, operations, pauses, tags, versions};

pub(crate) const KIND: &str = "Microsoft.Network/privateLinkServices";
const READ: &str = "Microsoft.Network/privateLinkServices/read";
const WRITE: &str = "Microsoft.Network/privateLinkServices/write";
const DELETE: &str = "Microsoft.Network/privateLinkServices/delete";

#[derive(Serialize)]
struct Body<'a> {
    location: &'a str,
    tags: &'a Tags,
    properties: Wanted,
}

/// All of it: Azure has no call that changes a part.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    load_balancer_frontend_ip_configurations: Vec<Reference>,
    ip_configurations: Vec<IpConfiguration>,
    visibility: Listed,
    auto_approval: Listed,
    fqdns: Vec<String>,
    enable_proxy_protocol: bool,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Listed {
    subscriptions: Option<Vec<String>>,
}

/// Where the addresses come from that consumers are seen with.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct IpConfiguration {
    name: String,
    properties: IpProperties,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct IpProperties {
    subnet: Reference,
    #[serde(rename = "privateIPAddress", skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(
        rename = "privateIPAllocationMethod",
        skip_serializing_if = "Option::is_none"
    )]
    method: Option<String>,
    #[serde(
        rename = "privateIPAddressVersion",
        skip_serializing_if = "Option::is_none"
    )]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Found {
    location: Option<String>,
    tags: Option<Tags>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Properties {
    provisioning_state: Option<String>,
    alias: Option<String>,
    load_balancer_frontend_ip_configurations: Option<Vec<Reference>>,
    ip_configurations: Option<Vec<IpConfiguration>>,
    visibility: Option<Listed>,
    auto_approval: Option<Listed>,
    fqdns: Option<Vec<String>>,
    enable_proxy_protocol: Option<bool>,
    private_endpoint_connections: Option<Vec<FoundConnection>>,
}

impl Properties {
    /// Where it lies.
    fn subnet(&self) -> &str {
        let first = self.ip_configurations.iter().flatten().next();
        first.map_or("", |first| first.properties.subnet.as_str())
    }

    fn state(&self, call: &Call) -> Result<ServiceState> {
        let text = self.provisioning_state.as_deref();
        match Provisioning::of(text) {
            Some(Provisioning::Done) => Ok(ServiceState::Available),
            Some(Provisioning::Changing) => Ok(ServiceState::Pending),
            Some(Provisioning::Deleting) => Ok(ServiceState::Deleting),
            Some(Provisioning::Failed) => Ok(ServiceState::Failed),
            None => {
                let other = text.unwrap_or_default();
                let why = format!(
                    "Azure says provisioningState {other:?}, which this version does not know"
                );
                Err(Error::Invalid(Box::new(call.clone().because(why))))
            }
        }
    }
}

/// Who is on a list, and what on it is nobody that could be named here.
fn principals(listed: Option<&Listed>) -> (BTreeSet<PrincipalPattern>, BTreeSet<String>) {
    let ids = listed.and_then(|listed| listed.subscriptions.as_deref());
    let mut strange = BTreeSet::new();
    let named = ids.unwrap_or_default().iter().filter_map(|id| {
        let named = id.parse().ok();
        if named.is_none() {
            strange.insert(id.clone());
        }
        named
    });
    (named.collect(), strange)
}

/// The lists of who may ask, and of who is let in.
fn lists(wanted: &ServiceSettings) -> (Listed, Listed) {
    let named = |who: bool| {
        let names = wanted.allowed.iter().filter(|_| who);
        Listed {
            subscriptions: Some(names.map(ToString::to_string).collect()),
        }
    };
    (named(true), named(wanted.auto_accept))
}

#[async_trait]
impl PrivateServices for Azure {
    fn check(&self, wanted: &NewPrivateService) -> Vec<Refusal> {
        let settings = &wanted.settings;
        let subscription = self.0.config.subscription.as_str();
        let subnets = match settings.subnets.len() {
            1 => settings
                .subnets
                .iter()
                .find_map(|id| ours("subnets", "a subnet", id.as_str(), subscription)),
            count => Some(Refusal::new(
                "subnets",
                format!(
                    "A Private Link service of Azure takes the addresses that consumers are seen with from one subnet: name one, not \
                     {count}, whose private_link_service_network_policies_enabled is false."
                ),
            )),
        };
        let balancer = settings.load_balancer.as_str();
        let strangers = settings.allowed.iter().find(|who| {
            !who.is_everybody() && (who.as_str().contains('/') || who.as_str().contains(':'))
        });
        let strangers = strangers.map(|who| {
            let reason = format!(
                "\"{who}\" is no principal of Azure: the UUID of a subscription, or \"*\"."
            );
            Refusal::new("allowed", reason)
        });
        let nobody = settings.auto_accept && settings.allowed.is_empty();
        let nobody = nobody.then(|| {
            let reason = "On Azure, whoever is let in without being asked about is a subscription that may ask: name some in \
                          allowed_principals, or leave auto_accept off.";
            Refusal::new("auto_accept", reason)
        });
        let connection = |field: &'static str, ids: &BTreeSet<ConnectionId>| {
            let other = ids.iter().find(|id| !id.as_str().starts_with('/'))?;
            let reason = format!(
                "\"{other}\" is no private endpoint of Azure: give its id, /subscriptions/…/providers/Microsoft.Network/privateEndpoints/…"
            );
            Some(Refusal::new(field, reason))
        };
        [
            ours("load_balancer", "a load balancer", balancer, subscription),
            subnets,
            strangers,
            nobody,
            connection("accepted", &settings.accepted),
            connection("rejected", &settings.rejected),
            Refusal::of_given(
                "connection_limit",
                settings.connection_limit.as_ref(),
                "Azure has no limit of how many connections a subscription may have to a service: leave it out, and accept one by one.",
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn replaces(&self) -> &'static [&'static str] {
        &["load_balancer", "subnets"]
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    async fn create(&self, new: &NewPrivateService) -> Result<PrivateService> {
        let id = self.0.resource(KIND, &new.name);
        let subnet = new.settings.subnets.first().map_or("", |id| id.as_str());
        let turn = self.0.networks.turn(subnet).await;
        let found = self.private_service(&new.name).await.optional()?;
        let call = Call::new(WRITE, &id);
        if let Some(found) = found {
            let state = found.properties.provisioning_state.as_deref();
            let call = call
                .clone()
                .because("a Private Link service of this name exists");
            operations::once_more(call, state, found.tags.as_ref(), &new.tags)?;
        }
        let (visibility, auto_approval) = lists(&new.settings);
        let body = Body {
            location: self.0.config.location.as_str(),
            tags: &new.tags,
            properties: Wanted {
                load_balancer_frontend_ip_configurations: vec![Reference::to(
                    new.settings.load_balancer.as_str(),
                )],
                ip_configurations: vec![IpConfiguration {
                    name: "default".to_owned(),
                    properties: IpProperties {
                        subnet: Reference::to(subnet),
                        address: None,
                        method: Some("Dynamic".to_owned()),
                        version: Some("IPv4".to_owned()),
                        primary: Some(true),
                    },
                }],
                visibility,
                auto_approval,
                fqdns: fqdns(&new.settings),
                enable_proxy_protocol: false,
            },
        };
        let made = self.put_service(&new.name, &turn, &body).await?;
        self.as_private_service(&new.name.as_str().parse().classify(&call)?, made)
    }

    async fn find(&self, wanted: &NewPrivateService) -> Result<PrivateService> {
        let found = self.private_service(&wanted.name).await?;
        let call = Call::new(READ, &wanted.name);
        self.as_private_service(&wanted.name.as_str().parse().classify(&call)?, found)
    }

    async fn get(&self, id: &PrivateServiceId) -> Result<PrivateService> {
        let found = self.private_service(id).await?;
        self.as_private_service(id, found)
    }

    async fn configure(&self, found: &PrivateService, wanted: &ServiceSettings) -> Result<()> {
        let own = &found.settings;
        let same = own.allowed == wanted.allowed
            && own.auto_accept == wanted.auto_accept
            && own.private_dns_name == wanted.private_dns_name;
        let foreign =
            !(found.foreign_principals.is_empty() && found.foreign_load_balancers.is_empty());
        // One whose last change failed is repaired by another one.
        if same && !foreign && found.state != ServiceState::Failed {
            return Ok(());
        }
        let subnet = own.subnets.first().map_or("", |id| id.as_str());
        let turn = self.0.networks.turn(subnet).await;
        let now = self.private_service(&found.id).await?;
        let tags = now.tags.unwrap_or_default();
        let here = self.0.config.location.as_str();
        let location = now.location.as_deref().unwrap_or(here);
        let (visibility, auto_approval) = lists(wanted);
        let mut configurations = now.properties.ip_configurations.unwrap_or_default();
        for IpConfiguration { properties, .. } in &mut configurations {
            // An address that Azure chose is not ours to ask for.
            let fixed = properties.method.as_deref() == Some("Static");
            properties.address = properties.address.take().filter(|_| fixed);
        }
        let mut frontends = now
            .properties
            .load_balancer_frontend_ip_configurations
            .unwrap_or_default();
        frontends.retain(|one| is_none_of(&found.foreign_load_balancers, one));
        let proxied = now.properties.enable_proxy_protocol.unwrap_or_default();
        let body = Body {
            location,
            tags: &tags,
            properties: Wanted {
                load_balancer_frontend_ip_configurations: frontends,
                ip_configurations: configurations,
                visibility,
                auto_approval,
                fqdns: fqdns(wanted),
                enable_proxy_protocol: proxied,
            },
        };
        self.put_service(&found.id, &turn, &body).await?;
        Ok(())
    }

    async fn answer(
        &self,
        found: &PrivateService,
        connection: &ConnectionId,
        answer: Answer,
    ) -> Result<()> {
        let now = self.private_service(&found.id).await?;
        let service = self.0.resource(KIND, &found.id);
        let asked = now.properties.private_endpoint_connections.iter().flatten();
        let asked = asked.into_iter().find(|asked| asked.is_of(connection));
        let Some(name) = asked.and_then(FoundConnection::name) else {
            let call = Call::new(connections::WRITE, &service);
            let why = format!("{connection} has not asked for a connection");
            return Err(Error::NotFound(Box::new(call.because(why))));
        };
        let owner = found.tags.get(OWNER).map_or("Terraform", String::as_str);
        let _turn = self.0.networks.turn(now.properties.subnet()).await;
        connections::answer(
            self.0.arm().await?,
            self.0.config.attempts,
            &service,
            name,
            answer,
            owner,
        )
        .await
    }

    async fn verify(&self, found: &PrivateService) -> Result<()> {
        let why = "Azure has nobody prove a private DNS name";
        let call = Call::new(WRITE, &found.id).because(why);
        Err(Error::Unsupported(Box::new(call)))
    }

    async fn set_tags(&self, found: &PrivateService, tags: &Tags) -> Result<()> {
        let id = self.0.resource(KIND, &found.id);
        tags::change(self.0.arm().await?, &id, &found.tags, tags).await
    }

    async fn delete(&self, id: &PrivateServiceId) -> Result<()> {
        let now = self.private_service(id).await?;
        let service = self.0.resource(KIND, id);
        let call = Call::new(DELETE, &service);
        let left = now.properties.private_endpoint_connections.iter().flatten();
        let left: Vec<_> = left.collect();
        for asked in left.iter().filter(|asked| !asked.endpoint().is_empty()) {
            let state = asked.state(&call)?;
            if state.is_live() {
                let why = format!("{} is connected: {state}", asked.endpoint());
                return Err(Error::NotEmpty(Box::new(call.because(why))));
            }
        }
        let arm = self.0.arm().await?;
        let attempts = self.0.config.attempts;
        let _turn = self.0.networks.turn(now.properties.subnet()).await;
        for name in left.into_iter().filter_map(FoundConnection::name) {
            connections::remove(arm, attempts, &service, name).await?;
        }
        pauses::in_turn(attempts, async || {
            arm.delete(call.clone(), &service, versions::NETWORK, None)
                .await
        })
        .await
    }
}

/// Whether a frontend is none of those that somebody else added.
fn is_none_of(foreign: &BTreeSet<LoadBalancerId>, frontend: &Reference) -> bool {
    let same = |id: &LoadBalancerId| id.as_str().eq_ignore_ascii_case(frontend.as_str());
    !foreign.iter().any(same)
}

fn fqdns(wanted: &ServiceSettings) -> Vec<String> {
    let name = wanted.private_dns_name.iter();
    name.map(ToString::to_string).collect()
}

impl Azure {
    async fn private_service(&self, name: impl std::fmt::Display) -> Result<Found> {
        let id = self.0.resource(KIND, name);
        let arm = self.0.arm().await?;
        arm.get(Call::new(READ, &id), &id, versions::NETWORK).await
    }

    async fn put_service(
        &self,
        name: impl std::fmt::Display,
        turn: &Turn,
        body: &Body<'_>,
    ) -> Result<Found> {
        let id = self.0.resource(KIND, name);
        self.put_in_turn(Call::new(WRITE, &id), &id, turn, body)
            .await
    }

    fn as_private_service(&self, id: &PrivateServiceId, found: Found) -> Result<PrivateService> {
        let service = self.0.resource(KIND, id);
        let call = Call::new(READ, &service);
        let properties = found.properties;
        let state = properties.state(&call)?;
        let connections = properties.private_endpoint_connections.iter().flatten();
        // One whose endpoint is gone may be listed for a while without it: nobody is connected by it.
        let connections = connections.filter(|asked| !asked.endpoint().is_empty());
        let connections: Vec<_> = connections
            .map(|asked| asked.as_connection(&call))
            .collect::<Result<_>>()?;
        let standing = |state: ConnectionState| -> BTreeSet<ConnectionId> {
            let stands = connections.iter().filter(|asked| asked.state == state);
            stands.map(|asked| asked.id.clone()).collect()
        };
        let (allowed, mut strange) = principals(properties.visibility.as_ref());
        let (approved, others) = principals(properties.auto_approval.as_ref());
        strange.extend(others);
        let all = !approved.is_empty() && allowed.is_subset(&approved);
        let beyond = approved.iter().filter(|who| !all || !allowed.contains(who));
        let frontends = properties.load_balancer_frontend_ip_configurations.iter();
        let mut frontends = frontends.flatten().map(Reference::as_str);
        let frontend = frontends.next().unwrap_or_default();
        let subnets = properties.ip_configurations.iter().flatten();
        let subnets = subnets.map(|of| of.properties.subnet.as_str().parse().classify(&call));
        let name = properties.fqdns.iter().flatten().next();
        // A wildcard, which nobody can have written here.
        let name = name.and_then(|name| name.to_ascii_lowercase().parse().ok());
        let settings = ServiceSettings {
            load_balancer: frontend.parse().classify(&call)?,
            subnets: subnets.collect::<Result<_>>()?,
            auto_accept: all,
            accepted: standing(ConnectionState::Available),
            rejected: standing(ConnectionState::Rejected),
            connection_limit: None,
            private_dns_name: name,
            allowed: allowed.clone(),
        };
        Ok(PrivateService {
            id: id.clone(),
            name: id.as_str().parse().classify(&call)?,
            service_name: service.as_str().to_owned(),
            alias: properties.alias,
            state,
            settings,
            foreign_principals: beyond.map(ToString::to_string).chain(strange).collect(),
            foreign_load_balancers: frontends.filter_map(|id| id.parse().ok()).collect(),
            connections,
            zones: BTreeSet::new(),
            verification: None,
            tags: found.tags.unwrap_or_default(),
        })
    }
}
