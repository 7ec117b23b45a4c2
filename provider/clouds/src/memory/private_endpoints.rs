//! Private endpoints, in memory: they lead to services of the same world, and to what was put among its offers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use async_trait::async_trait;
use serde_json::json;

use super::{Memory, World, impossible, missing, taken};
use crate::error::{Call, Error, Result};
use crate::policies::PolicyDocument;
use crate::private_endpoints::{
    DnsEntry, EndpointDefaults, EndpointSettings, EndpointType, NewPrivateEndpoint,
    PrivateEndpoint, PrivateEndpointId, PrivateEndpoints, ServiceName, ServiceOffer,
};
use crate::private_services::{ConnectionState, PrincipalPattern, VerificationState};
use crate::refusal::Refusal;
use crate::tags::{PRIVATE_ENDPOINT, Tags, marked};

/// A private endpoint as it is kept.
#[derive(Clone, Debug)]
pub struct StoredEndpoint {
    /// The endpoint.
    pub endpoint: PrivateEndpoint,
    /// How often it still says that it is pending.
    pub settle_after: usize,
}

impl Memory {
    /// Plays the owner of the service that an endpoint leads to, or the time that passes: its connection stands so from now on.
    /// Says whether there is such an endpoint.
    pub fn answer(&self, endpoint: &PrivateEndpointId, state: ConnectionState) -> bool {
        self.change(|world| {
            let Some(stored) = world.private_endpoints.get_mut(endpoint) else {
                return false;
            };
            stored.endpoint.state = state;
            stored.endpoint.private_dns_active &= state.is_live();
            true
        })
    }
}

#[async_trait]
impl PrivateEndpoints for Memory {
    fn check(&self, _: &NewPrivateEndpoint) -> Vec<Refusal> {
        self.refusals("private_endpoints.check")
    }

    fn replaces(&self) -> &'static [&'static str] {
        self.change(|world| world.lasting)
    }

    fn renames(&self) -> bool {
        true
    }

    fn defaults(&self, service: &ServiceName, kind: EndpointType) -> EndpointDefaults {
        let own = service.as_str().starts_with("com.amazonaws.") && service.region().is_none();
        EndpointDefaults {
            private_dns: own && kind == EndpointType::Interface,
            policy: own.then(everything),
        }
    }

    async fn service(&self, service: &ServiceName, _: EndpointType) -> Result<ServiceOffer> {
        self.run("private_endpoints.service", |world| {
            offer(world, "private_endpoints.service", service)
        })
    }

    async fn create(&self, new: &NewPrivateEndpoint) -> Result<PrivateEndpoint> {
        self.run("private_endpoints.create", |world| {
            let mut all = world.private_endpoints.values();
            if all.any(|stored| stored.endpoint.name == new.name) {
                return Err(taken("private_endpoints.create", &new.name));
            }
            let offer = offer(world, "private_endpoints.create", &new.service)?;
            let endpoint = endpoint(world, new, &offer)?;
            let stored = StoredEndpoint {
                endpoint,
                settle_after: world.settle_after,
            };
            let found = found(&stored);
            world.private_endpoints.insert(found.id.clone(), stored);
            Ok(found)
        })
    }

    async fn find(&self, wanted: &NewPrivateEndpoint) -> Result<PrivateEndpoint> {
        self.run("private_endpoints.find", |world| {
            let mut all = world.private_endpoints.values();
            let stored = all.find(|stored| stored.endpoint.name == wanted.name);
            let stored = stored.ok_or_else(|| missing("private_endpoints.find", &wanted.name))?;
            Ok(found(stored))
        })
    }

    async fn get(&self, id: &PrivateEndpointId) -> Result<PrivateEndpoint> {
        self.run("private_endpoints.get", |world| {
            let stored = stored(world, "private_endpoints.get", id)?;
            let found = found(stored);
            stored.settle_after = stored.settle_after.saturating_sub(1);
            Ok(found)
        })
    }

    async fn configure(&self, found: &PrivateEndpoint, wanted: &EndpointSettings) -> Result<()> {
        self.run("private_endpoints.configure", |world| {
            let endpoint = &mut stored(world, "private_endpoints.configure", &found.id)?.endpoint;
            if wanted.private_dns && endpoint.state != ConnectionState::Available {
                let call = Call::new("private_endpoints.configure", &found.id);
                let why = "private DNS needs a connection that was let in";
                return Err(Error::Invalid(Box::new(call.because(why))));
            }
            endpoint.settings = wanted.clone();
            endpoint.private_dns_active = wanted.private_dns;
            endpoint.addresses = addresses(&endpoint.settings, endpoint.address);
            Ok(())
        })
    }

    async fn set_tags(&self, found: &PrivateEndpoint, tags: &Tags) -> Result<()> {
        self.run("private_endpoints.set_tags", |world| {
            let stored = stored(world, "private_endpoints.set_tags", &found.id)?;
            stored.endpoint.tags.clone_from(tags);
            if let Some(name) = marked(tags, PRIVATE_ENDPOINT) {
                stored.endpoint.name = name
                    .parse()
                    .map_err(|error| impossible("private_endpoints.set_tags", &found.id, &error))?;
            }
            Ok(())
        })
    }

    async fn delete(&self, id: &PrivateEndpointId) -> Result<()> {
        self.run("private_endpoints.delete", |world| {
            stored(world, "private_endpoints.delete", id)?;
            world.private_endpoints.remove(id);
            Ok(())
        })
    }

    fn acceptance(&self, endpoint: &PrivateEndpoint) -> String {
        format!(
            "The owner of {} must accept {}: add it to accepted_connections of their dataplane_private_service.",
            endpoint.service, endpoint.connection
        )
    }
}

/// The policy that lets everything through.
fn everything() -> PolicyDocument {
    let all = json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" });
    PolicyDocument::new(json!({ "Statement": [all] }))
}

/// Services of the cloud's own, which everybody may have endpoints of.
pub(super) fn own_services() -> BTreeMap<ServiceName, ServiceOffer> {
    let own = ["com.amazonaws.eu-west-1.s3", "com.amazonaws.eu-west-1.sts"];
    let offer = ServiceOffer {
        zones: BTreeSet::new(),
        acceptance: false,
        private_dns: Some(VerificationState::Verified),
        owner: Some("amazon".to_owned()),
    };
    let names = own.into_iter().filter_map(|name| name.parse().ok());
    names.map(|name| (name, offer.clone())).collect()
}

/// What a service is to this account: one of the same world, or one of somebody else.
fn offer(world: &World, operation: &'static str, service: &ServiceName) -> Result<ServiceOffer> {
    let mut ours = world.private_services.values().map(|of| &of.service);
    if let Some(ours) = ours.find(|ours| ours.service_name == service.as_str()) {
        let account = world.account.as_str();
        let named = |who: &PrincipalPattern| who.is_everybody() || who.as_str().contains(account);
        let allowed = ours.settings.allowed.iter().any(named);
        return Ok(ServiceOffer {
            zones: ours.zones.clone(),
            acceptance: !(ours.settings.auto_accept && allowed),
            private_dns: ours.verification.as_ref().map(|proof| proof.state),
            owner: Some(account.to_owned()),
        });
    }
    let theirs = world.offers.get(service).cloned();
    theirs.ok_or_else(|| match missing(operation, service) {
        Error::NotFound(call) => Error::NotFound(Box::new(
            call.because("its owner must allow this account (`allowed_principals`)"),
        )),
        other => other,
    })
}

fn endpoint(
    world: &mut World,
    new: &NewPrivateEndpoint,
    offer: &ServiceOffer,
) -> Result<PrivateEndpoint> {
    let id = format!("vpce-{:08x}", world.next_number());
    let impossible = |error| impossible("private_endpoints.create", &new.name, &error);
    let (state, private_dns) = if offer.acceptance {
        (ConnectionState::PendingAcceptance, false)
    } else {
        (ConnectionState::Available, new.settings.private_dns)
    };
    Ok(PrivateEndpoint {
        id: id.parse().map_err(impossible)?,
        name: new.name.clone(),
        service: new.service.clone(),
        kind: new.kind,
        network: new.network.clone(),
        address: new.address,
        sub_resources: new.sub_resources.clone(),
        connection: id.parse().map_err(impossible)?,
        state,
        reason: None,
        settings: EndpointSettings {
            private_dns,
            ..new.settings.clone()
        },
        private_dns_active: private_dns,
        addresses: addresses(&new.settings, new.address),
        dns: vec![DnsEntry {
            name: format!("{id}.{}.vpce.memory.invalid", world.region),
            zone: Some("memory".into()),
        }],
        prefix_list: match new.kind {
            EndpointType::Interface => None,
            EndpointType::Gateway => Some(id.replace("vpce-", "pl-")),
        },
        untold: &[],
        tags: new.tags.clone(),
    })
}

/// One address in each subnet.
fn addresses(settings: &EndpointSettings, fixed: Option<IpAddr>) -> Vec<IpAddr> {
    let free = (10..).map(|last| IpAddr::from(Ipv4Addr::new(10, 0, 0, last)));
    let mut addresses: Vec<_> = free.take(settings.subnets.len()).collect();
    if let (Some(first), Some(fixed)) = (addresses.first_mut(), fixed) {
        *first = fixed;
    }
    addresses
}

/// The endpoint as a call finds it now.
fn found(stored: &StoredEndpoint) -> PrivateEndpoint {
    let mut endpoint = stored.endpoint.clone();
    if stored.settle_after > 0 {
        endpoint.state = ConnectionState::Pending;
    }
    if endpoint.state != ConnectionState::Available {
        endpoint.dns.clear();
    }
    endpoint
}

fn stored<'w>(
    world: &'w mut World,
    operation: &'static str,
    id: &PrivateEndpointId,
) -> Result<&'w mut StoredEndpoint> {
    let stored = world.private_endpoints.get_mut(id);
    stored.ok_or_else(|| missing(operation, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_service_that_nobody_offers_is_not_found() {
        let memory = Memory::default();
        let name = "com.amazonaws.vpce.eu-west-1.vpce-svc-0abc1234";
        let name: ServiceName = name.parse().unwrap();
        let asked = memory.service(&name, EndpointType::Interface).await;
        let said = asked.unwrap_err();
        assert!(matches!(said, Error::NotFound(_)));
        assert!(said.to_string().contains("allowed_principals"), "{said}");
    }

    #[tokio::test]
    async fn private_dns_waits_for_the_owner() {
        let memory = Memory::default();
        let service: ServiceName = "com.amazonaws.vpce.eu-west-1.vpce-svc-0abc1234"
            .parse()
            .unwrap();
        let offer = ServiceOffer {
            zones: BTreeSet::new(),
            acceptance: true,
            private_dns: None,
            owner: None,
        };
        memory.change(|world| world.offers.insert(service.clone(), offer));
        let wanted = EndpointSettings {
            private_dns: true,
            ..EndpointSettings::default()
        };
        let new = NewPrivateEndpoint {
            name: "vendor".parse().unwrap(),
            service,
            kind: EndpointType::Interface,
            network: None,
            address: None,
            sub_resources: BTreeSet::new(),
            settings: wanted.clone(),
            tags: Tags::new(),
        };
        let found = PrivateEndpoints::create(&memory, &new).await.unwrap();
        assert!(!found.private_dns_active);
        let early = PrivateEndpoints::configure(&memory, &found, &wanted).await;
        assert!(matches!(early, Err(Error::Invalid(_))), "{early:?}");
        memory.answer(&found.id, ConnectionState::Available);
        let now = PrivateEndpoints::configure(&memory, &found, &wanted).await;
        now.unwrap();
        let found = PrivateEndpoints::get(&memory, &found.id).await.unwrap();
        assert!(found.private_dns_active && !found.dns.is_empty());
    }
}
