//! Private endpoints: each one of Azure's own, with an address in one subnet that leads to one object.
//!
//! Calls: `service` none; `create` 2; `get` 2, and 1 where only its network interface knows its address; `configure` 0, or 2 for what
//! the owner is told, and up to 2 for its zones; `set_tags` 1, or 2 where tags come and go; `delete` 2.
//!
//! A connection to what lies in our own subscription is made and approved in one call, by whoever may approve it there. Any other
//! asks its owner (`manualPrivateLinkServiceConnections`), and is let in at once where the owner listed this subscription for that.

mod bodies;
mod checks;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use clouds::error::Call;
use clouds::private_endpoints::{
    DnsEntry, EndpointDefaults, EndpointSettings, EndpointType, NewPrivateEndpoint,
    PrivateEndpoint, PrivateEndpointId, PrivateEndpoints, ServiceName, ServiceOffer,
};
use clouds::private_services::ConnectionState;
use clouds::{Error, Optional, Refusal, Result, Tags};

use crate::connection_states::state;
use crate::dns_zone_groups::{self as zone_groups, ZoneGroup};
use crate::error::Classify;
use crate::networks::{PATIENCE, Reference, Turn, subscription_of};
use crate::{Azure, network_interfaces, operations, pauses, tags, versions};
use bodies::{Asked, AskedProperties, Body, Found, FoundAsked, FoundProperties, Wanted, writable};

pub(crate) const KIND: &str = "Microsoft.Network/privateEndpoints";
const READ: &str = "Microsoft.Network/privateEndpoints/read";
const WRITE: &str = "Microsoft.Network/privateEndpoints/write";
const DELETE: &str = "Microsoft.Network/privateEndpoints/delete";

impl Azure {
    /// Whether the owner is asked: an alias tells nobody whose it is, and what is ours we approve by ourselves.
    fn asks(&self, service: &ServiceName) -> bool {
        let own = self.0.config.subscription.as_str();
        let of = subscription_of(service.as_str());
        service.is_alias() || !of.is_some_and(|of| of.eq_ignore_ascii_case(own))
    }
}

#[async_trait]
impl PrivateEndpoints for Azure {
    fn check(&self, wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
        let own = self.0.config.subscription.as_str();
        checks::refusals(own, self.asks(&wanted.service), wanted)
    }

    fn replaces(&self) -> &'static [&'static str] {
        &["subnets"]
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn defaults(&self, _: &ServiceName, _: EndpointType) -> EndpointDefaults {
        EndpointDefaults::default()
    }

    /// What another subscription has cannot be looked at from here: whether it is there, Azure says to the create.
    async fn service(&self, service: &ServiceName, _: EndpointType) -> Result<ServiceOffer> {
        Ok(ServiceOffer {
            zones: BTreeSet::new(),
            acceptance: self.asks(service),
            private_dns: None,
            owner: subscription_of(service.as_str()).map(str::to_owned),
        })
    }

    async fn create(&self, new: &NewPrivateEndpoint) -> Result<PrivateEndpoint> {
        let id = self.0.resource(KIND, &new.name);
        let subnet = new.settings.subnets.first().map_or("", |id| id.as_str());
        let turn = self.0.networks.turn(subnet).await;
        let found = self.private_endpoint(&new.name).await.optional()?;
        let call = Call::new(WRITE, &id);
        if let Some(found) = found {
            let state = found.properties.provisioning_state.as_deref();
            let call = call
                .clone()
                .because("a private endpoint of this name exists");
            operations::once_more(call, state, found.tags.as_ref(), &new.tags)?;
        }
        let asked = Asked {
            name: new.name.to_string(),
            properties: AskedProperties {
                private_link_service_id: new.service.to_string(),
                group_ids: new.sub_resources.iter().cloned().collect(),
                request_message: new.settings.request_message.clone(),
            },
        };
        let (own, others) = if self.asks(&new.service) {
            (Vec::new(), vec![asked])
        } else {
            (vec![asked], Vec::new())
        };
        let body = Body {
            location: self.0.config.location.as_str(),
            tags: &new.tags,
            properties: Wanted {
                subnet: Reference::to(subnet),
                private_link_service_connections: own,
                manual_private_link_service_connections: others,
                ip_configurations: None,
                custom_network_interface_name: None,
                application_security_groups: None,
            },
        };
        let made = self.put_endpoint(&new.name, &turn, &body).await;
        let made = made.map_err(|error| unknown(&new.service, error))?;
        let endpoint = new.name.as_str().parse().classify(&call)?;
        // What only its network interface knows is looked up later: it is made, and a look that fails must not lose it.
        self.as_private_endpoint(&endpoint, made, None)
    }

    async fn find(&self, wanted: &NewPrivateEndpoint) -> Result<PrivateEndpoint> {
        let call = Call::new(READ, &wanted.name);
        self.get(&wanted.name.as_str().parse().classify(&call)?)
            .await
    }

    async fn get(&self, id: &PrivateEndpointId) -> Result<PrivateEndpoint> {
        let endpoint = self.0.resource(KIND, id);
        let group = zone_groups::find(self.0.arm().await?, &endpoint);
        let (found, group) = futures::future::join(self.private_endpoint(id), group).await;
        let found = found?;
        let plugged = found.properties.network_interfaces.iter().flatten().next();
        let plugged = plugged.cloned();
        let mut endpoint = self.as_private_endpoint(id, found, group?)?;
        if let (true, Some(plugged)) = (endpoint.addresses.is_empty(), plugged) {
            let arm = self.0.arm().await?;
            let call = Call::new(READ, plugged.as_str());
            let told = network_interfaces::addresses(arm, plugged.as_str()).await?;
            let addresses = told.iter().map(|address| read(&call, address));
            endpoint.addresses = addresses
                .collect::<Result<BTreeSet<_>>>()?
                .into_iter()
                .collect();
        }
        Ok(endpoint)
    }

    async fn configure(&self, found: &PrivateEndpoint, wanted: &EndpointSettings) -> Result<()> {
        if found.settings.request_message != wanted.request_message {
            self.tell(found, wanted.request_message.clone()).await?;
        }
        let zones = &found.settings.dns_zones;
        // Names lead to an endpoint once it works, not before: until then they still lead where they did.
        if *zones == wanted.dns_zones || found.state != ConnectionState::Available {
            return Ok(());
        }
        let endpoint = self.0.resource(KIND, &found.id);
        let subnet = found.settings.subnets.first().map_or("", |id| id.as_str());
        let _turn = self.0.networks.turn(subnet).await;
        zone_groups::replace(
            self.0.arm().await?,
            self.0.config.attempts,
            &endpoint,
            &wanted.dns_zones,
        )
        .await
    }

    async fn set_tags(&self, found: &PrivateEndpoint, tags: &Tags) -> Result<()> {
        let id = self.0.resource(KIND, &found.id);
        tags::change(self.0.arm().await?, &id, &found.tags, tags).await
    }

    /// What it has in zones goes with it.
    async fn delete(&self, id: &PrivateEndpointId) -> Result<()> {
        let now = self.private_endpoint(id).await?;
        let endpoint = self.0.resource(KIND, id);
        let arm = self.0.arm().await?;
        let _turn = self.0.networks.turn(now.properties.subnet.as_str()).await;
        pauses::in_turn(self.0.config.attempts, async || {
            let call = Call::new(DELETE, &endpoint);
            arm.delete(call, &endpoint, versions::NETWORK, None).await
        })
        .await
    }

    fn acceptance(&self, endpoint: &PrivateEndpoint) -> String {
        let PrivateEndpoint {
            service,
            connection,
            ..
        } = endpoint;
        let owner = subscription_of(service.as_str());
        let owner = owner.map_or_else(String::new, |id| format!(" (subscription {id})"));
        let list = if service.is_alias() {
            "list --id` with the id of their service".to_owned()
        } else {
            format!("list --id {service}`")
        };
        format!(
            "Its owner{owner} must approve {connection}: add it to accepted_connections of their dataplane_private_service, or find the \
             connection by `az network private-endpoint-connection {list} and run `az network private-endpoint-connection approve \
             --id` with its id."
        )
    }
}

impl Azure {
    async fn private_endpoint(&self, name: impl std::fmt::Display) -> Result<Found> {
        let id = self.0.resource(KIND, name);
        let arm = self.0.arm().await?;
        arm.get(Call::new(READ, &id), &id, versions::NETWORK).await
    }

    async fn put_endpoint(
        &self,
        name: impl std::fmt::Display,
        turn: &Turn,
        body: &Body<'_>,
    ) -> Result<Found> {
        let id = self.0.resource(KIND, name);
        self.put_in_turn(Call::new(WRITE, &id), &id, turn, body)
            .await
    }

    /// Changes what the owner is told, and leaves all else as it is.
    async fn tell(&self, found: &PrivateEndpoint, message: Option<String>) -> Result<()> {
        let id = &found.id;
        let subnet = found.settings.subnets.first().map_or("", |id| id.as_str());
        let turn = self.0.networks.turn(subnet).await;
        let now = self.private_endpoint(id).await?;
        let manual = now.properties.is_manual();
        let connections = |wanted: bool| -> Vec<Asked> {
            let asked = now.properties.asked().filter(|_| wanted).cloned();
            let again = asked.map(|FoundAsked { name, properties }| Asked {
                name: name.unwrap_or_default(),
                properties: AskedProperties {
                    private_link_service_id: properties.private_link_service_id.unwrap_or_default(),
                    group_ids: properties.group_ids.unwrap_or_default(),
                    request_message: message.clone(),
                },
            });
            again.into_iter().collect()
        };
        let (own, others) = (connections(!manual), connections(manual));
        let location = now.location.unwrap_or_default();
        let subnet = now.properties.subnet;
        let body = Body {
            location: &location,
            tags: &now.tags.unwrap_or_default(),
            properties: Wanted {
                subnet,
                private_link_service_connections: own,
                manual_private_link_service_connections: others,
                ip_configurations: now.properties.ip_configurations.map(writable),
                custom_network_interface_name: now.properties.custom_network_interface_name,
                application_security_groups: now.properties.application_security_groups,
            },
        };
        self.put_endpoint(id, &turn, &body).await?;
        Ok(())
    }

    /// As it is told, but for addresses that only its network interface knows.
    fn as_private_endpoint(
        &self,
        id: &PrivateEndpointId,
        found: Found,
        group: Option<ZoneGroup>,
    ) -> Result<PrivateEndpoint> {
        let endpoint = self.0.resource(KIND, id);
        let call = Call::new(READ, &endpoint);
        let properties = found.properties;
        let Some(asked) = properties.asked().cloned() else {
            let why = "it asks for no connection";
            return Err(Error::Invalid(Box::new(call.because(why))));
        };
        let FoundProperties {
            private_link_service_id,
            group_ids,
            request_message,
            private_link_service_connection_state: standing,
        } = asked.properties;
        let state = state(&call, properties.provisioning_state.as_deref(), &standing)?;
        let service: ServiceName = private_link_service_id
            .unwrap_or_default()
            .parse()
            .classify(&call)?;
        let group = group.unwrap_or_default();
        let mut named: Vec<_> = group.records().collect();
        for told in properties.custom_dns_configs.iter().flatten() {
            let addresses = told.ip_addresses.as_deref().unwrap_or_default();
            named.push((told.fqdn.as_deref().unwrap_or_default(), None, addresses));
        }
        let mut addresses = BTreeSet::new();
        let mut dns = Vec::new();
        for (name, zone, of) in named {
            for address in of {
                addresses.insert(read(&call, address)?);
            }
            let zone = zone.map(str::to_owned);
            let name = name.to_owned();
            dns.push(DnsEntry { name, zone });
        }
        in_order(&mut dns);
        let reason = standing.reason(properties.provisioning_state.as_deref());
        let told = request_message.filter(|text| !text.is_empty() && properties.is_manual());
        Ok(PrivateEndpoint {
            id: id.clone(),
            name: id.as_str().parse().classify(&call)?,
            service,
            kind: EndpointType::Interface,
            network: None,
            address: None,
            sub_resources: group_ids.unwrap_or_default().into_iter().collect(),
            connection: endpoint.as_str().parse().classify(&call)?,
            state,
            reason,
            settings: EndpointSettings {
                subnets: [properties.subnet.as_str().parse().classify(&call)?].into(),
                dns_zones: group.zones(&call)?,
                request_message: told,
                ..EndpointSettings::default()
            },
            private_dns_active: false,
            addresses: addresses.into_iter().collect(),
            dns,
            prefix_list: None,
            untold: &[],
            tags: found.tags.unwrap_or_default(),
        })
    }
}

/// Sorted, since Azure tells them in any order; what a zone has, the endpoint tells a second time.
fn in_order(dns: &mut Vec<DnsEntry>) {
    dns.sort_by(|one, other| {
        let key = |entry: &DnsEntry| (entry.name.clone(), entry.zone.is_none(), entry.zone.clone());
        key(one).cmp(&key(other))
    });
    dns.dedup_by(|next, kept| {
        next.name == kept.name && (next.zone.is_none() || next.zone == kept.zone)
    });
}

fn read(call: &Call, address: &str) -> Result<IpAddr> {
    address.parse().map_err(|_| {
        let why = format!("Azure tells the address {address:?}, which is none");
        Error::Invalid(Box::new(call.clone().because(why)))
    })
}

/// Azure says the same of what is not there and of what we may not see.
fn unknown(service: &ServiceName, error: Error) -> Error {
    match error {
        Error::NotFound(call) => {
            let why = format!(
                "Azure knows no such service for this subscription, {service}: check its id or alias, and that its owner lets this \
                 subscription ask (`allowed_principals` of their dataplane_private_service)"
            );
            Error::NotFound(Box::new(call.because(why)))
        }
        error => error,
    }
}
