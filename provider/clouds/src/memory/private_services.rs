//! Private services, in memory: connections of the same world are those of its endpoints, others are put in as somebody else's.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{Memory, World, impossible, missing, occupied, taken};
use crate::error::Result;
use crate::private_services::{
    Answer, Connection, ConnectionId, ConnectionState, NewPrivateService, PrivateService,
    PrivateServiceId, PrivateServices, ServiceSettings, ServiceState, Verification,
    VerificationState,
};
use crate::refusal::Refusal;
use crate::tags::{PRIVATE_SERVICE, Tags, marked};

/// A private service as it is kept.
#[derive(Clone, Debug)]
pub struct StoredService {
    /// The service. Its connections here are those of other accounts; those of this account are where its endpoints are.
    pub service: PrivateService,
    /// How often it still says that it is pending.
    pub settle_after: usize,
}

#[async_trait]
impl PrivateServices for Memory {
    fn check(&self, _: &NewPrivateService) -> Vec<Refusal> {
        self.refusals("private_services.check")
    }

    fn replaces(&self) -> &'static [&'static str] {
        self.change(|world| world.lasting)
    }

    fn renames(&self) -> bool {
        true
    }

    async fn create(&self, new: &NewPrivateService) -> Result<PrivateService> {
        self.run("private_services.create", |world| {
            let mut all = world.private_services.values();
            if all.any(|stored| stored.service.name == new.name) {
                return Err(taken("private_services.create", &new.name));
            }
            let id = format!("vpce-svc-{:08x}", world.next_number());
            let service = PrivateService {
                service_name: format!("com.amazonaws.vpce.{}.{id}", world.region),
                id: id
                    .parse()
                    .map_err(|error| impossible("private_services.create", &new.name, &error))?,
                name: new.name.clone(),
                alias: None,
                state: ServiceState::Available,
                settings: ServiceSettings {
                    accepted: BTreeSet::new(),
                    rejected: BTreeSet::new(),
                    ..new.settings.clone()
                },
                foreign_principals: BTreeSet::new(),
                foreign_load_balancers: BTreeSet::new(),
                connections: Vec::new(),
                zones: BTreeSet::new(),
                verification: verification(&new.settings),
                tags: new.tags.clone(),
            };
            let stored = StoredService {
                service,
                settle_after: world.settle_after,
            };
            let found = found(world, &stored);
            world.private_services.insert(found.id.clone(), stored);
            Ok(found)
        })
    }

    async fn find(&self, wanted: &NewPrivateService) -> Result<PrivateService> {
        self.run("private_services.find", |world| {
            let mut all = world.private_services.values();
            let stored = all.find(|stored| stored.service.name == wanted.name);
            let stored = stored.ok_or_else(|| missing("private_services.find", &wanted.name))?;
            Ok(found(world, stored))
        })
    }

    async fn get(&self, id: &PrivateServiceId) -> Result<PrivateService> {
        self.run("private_services.get", |world| {
            let found = found(world, stored(world, "private_services.get", id)?);
            if let Some(stored) = world.private_services.get_mut(id) {
                stored.settle_after = stored.settle_after.saturating_sub(1);
            }
            Ok(found)
        })
    }

    async fn configure(&self, found: &PrivateService, wanted: &ServiceSettings) -> Result<()> {
        self.run("private_services.configure", |world| {
            let service = of(world, "private_services.configure", &found.id)?;
            if service.settings.private_dns_name != wanted.private_dns_name {
                service.verification = verification(wanted);
            }
            service.foreign_principals.clear();
            service.foreign_load_balancers.clear();
            service.settings = ServiceSettings {
                accepted: BTreeSet::new(),
                rejected: BTreeSet::new(),
                ..wanted.clone()
            };
            Ok(())
        })
    }

    async fn answer(
        &self,
        found: &PrivateService,
        connection: &ConnectionId,
        answer: Answer,
    ) -> Result<()> {
        self.run("private_services.answer", |world| {
            let state = match answer {
                Answer::Accept => ConnectionState::Available,
                Answer::Reject => ConnectionState::Rejected,
            };
            let service = of(world, "private_services.answer", &found.id)?;
            let service_name = service.service_name.clone();
            let mut theirs = service.connections.iter_mut();
            if let Some(asked) = theirs.find(|asked| asked.id == *connection) {
                asked.state = state;
                return Ok(());
            }
            let mut ours = world.private_endpoints.values_mut();
            let asked = ours.find(|stored| {
                stored.endpoint.connection == *connection
                    && stored.endpoint.service.as_str() == service_name
            });
            let asked = asked.ok_or_else(|| missing("private_services.answer", connection))?;
            asked.endpoint.state = state;
            asked.endpoint.private_dns_active &= state.is_live();
            Ok(())
        })
    }

    async fn verify(&self, found: &PrivateService) -> Result<()> {
        self.run("private_services.verify", |world| {
            let proves = world.proves;
            let service = of(world, "private_services.verify", &found.id)?;
            let verification = service.verification.as_mut();
            let wanted =
                verification.ok_or_else(|| missing("private_services.verify", &found.id))?;
            wanted.state = proves;
            Ok(())
        })
    }

    async fn set_tags(&self, found: &PrivateService, tags: &Tags) -> Result<()> {
        self.run("private_services.set_tags", |world| {
            let service = of(world, "private_services.set_tags", &found.id)?;
            service.tags.clone_from(tags);
            if let Some(name) = marked(tags, PRIVATE_SERVICE) {
                service.name = name
                    .parse()
                    .map_err(|error| impossible("private_services.set_tags", &found.id, &error))?;
            }
            Ok(())
        })
    }

    async fn delete(&self, id: &PrivateServiceId) -> Result<()> {
        self.run("private_services.delete", |world| {
            let found = found(world, stored(world, "private_services.delete", id)?);
            let live = found.connections.iter().filter(|c| c.state.is_live());
            match live.count() {
                0 => {}
                live => {
                    let why = format!("it has {live} connections");
                    return Err(occupied("private_services.delete", id, &why));
                }
            }
            world.private_services.remove(id);
            for stored in world.private_endpoints.values_mut() {
                if stored.endpoint.service.as_str() == found.service_name {
                    stored.endpoint.state = ConnectionState::Closed;
                }
            }
            Ok(())
        })
    }
}

/// The service as a call finds it now.
fn found(world: &World, stored: &StoredService) -> PrivateService {
    let mut service = stored.service.clone();
    let ours = world.private_endpoints.values().map(|of| &of.endpoint);
    let ours = ours.filter(|endpoint| endpoint.service.as_str() == service.service_name);
    service.connections.extend(ours.map(|endpoint| Connection {
        id: endpoint.connection.clone(),
        owner: world.account.to_string(),
        state: endpoint.state,
        addresses: endpoint.addresses.iter().map(ToString::to_string).collect(),
        created: None,
    }));
    let standing = |wanted: &[ConnectionState]| {
        let those = service.connections.iter();
        let those = those.filter(|connection| wanted.contains(&connection.state));
        those.map(|connection| connection.id.clone()).collect()
    };
    service.settings.accepted = standing(&[ConnectionState::Available, ConnectionState::Pending]);
    service.settings.rejected = standing(&[ConnectionState::Rejected]);
    if stored.settle_after > 0 {
        service.state = ServiceState::Pending;
    }
    service
}

fn stored<'w>(
    world: &'w World,
    operation: &'static str,
    id: &PrivateServiceId,
) -> Result<&'w StoredService> {
    let stored = world.private_services.get(id);
    stored.ok_or_else(|| missing(operation, id))
}

fn of<'w>(
    world: &'w mut World,
    operation: &'static str,
    id: &PrivateServiceId,
) -> Result<&'w mut PrivateService> {
    let stored = world.private_services.get_mut(id);
    let stored = stored.ok_or_else(|| missing(operation, id))?;
    Ok(&mut stored.service)
}

/// The record that proves a private DNS name.
fn verification(settings: &ServiceSettings) -> Option<Verification> {
    let name = settings.private_dns_name.as_ref()?;
    Some(Verification {
        state: VerificationState::Pending,
        kind: "TXT".into(),
        name: format!("_memory.{name}"),
        value: format!("vpce:{name}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::private_endpoints::{
        EndpointSettings, EndpointType, NewPrivateEndpoint, PrivateEndpoint, PrivateEndpoints,
    };

    fn service(allowed: &str, auto_accept: bool) -> NewPrivateService {
        let balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9188";
        NewPrivateService {
            name: "acme".parse().unwrap(),
            settings: ServiceSettings {
                load_balancer: balancer.parse().unwrap(),
                subnets: BTreeSet::new(),
                allowed: [allowed.parse().unwrap()].into(),
                auto_accept,
                accepted: BTreeSet::new(),
                rejected: BTreeSet::new(),
                connection_limit: None,
                private_dns_name: "api.example.com".parse().ok(),
            },
            tags: Tags::new(),
        }
    }

    async fn asked(memory: &Memory, service: &PrivateService) -> PrivateEndpoint {
        let new = NewPrivateEndpoint {
            name: "vendor".parse().unwrap(),
            service: service.service_name.parse().unwrap(),
            kind: EndpointType::Interface,
            network: None,
            address: None,
            sub_resources: BTreeSet::new(),
            settings: EndpointSettings::default(),
            tags: Tags::new(),
        };
        PrivateEndpoints::create(memory, &new).await.unwrap()
    }

    #[tokio::test]
    async fn only_who_is_named_is_let_in_without_being_asked() {
        for (allowed, auto_accept, state) in [
            (
                "arn:aws:iam::123456789012:root",
                true,
                ConnectionState::Available,
            ),
            (
                "arn:aws:iam::123456789012:root",
                false,
                ConnectionState::PendingAcceptance,
            ),
            (
                "arn:aws:iam::111122223333:root",
                true,
                ConnectionState::PendingAcceptance,
            ),
        ] {
            let memory = Memory::default();
            let new = service(allowed, auto_accept);
            let service = PrivateServices::create(&memory, &new).await.unwrap();
            assert_eq!(
                asked(&memory, &service).await.state,
                state,
                "{allowed} {auto_accept}"
            );
        }
    }

    #[tokio::test]
    async fn both_sides_see_the_same_connection() {
        let memory = Memory::default();
        let new = service("arn:aws:iam::123456789012:root", false);
        let service = PrivateServices::create(&memory, &new).await.unwrap();
        let endpoint = asked(&memory, &service).await;
        let found = PrivateServices::get(&memory, &service.id).await.unwrap();
        assert_eq!(found.connections[0].id, endpoint.connection);

        let answer = PrivateServices::answer(&memory, &found, &endpoint.connection, Answer::Accept);
        answer.await.unwrap();
        let now = PrivateEndpoints::get(&memory, &endpoint.id).await.unwrap();
        assert_eq!(now.state, ConnectionState::Available);

        let refused = PrivateServices::delete(&memory, &service.id).await;
        assert!(matches!(refused, Err(Error::NotEmpty(_))), "{refused:?}");
        assert!(memory.answer(&endpoint.id, ConnectionState::Rejected));
        PrivateServices::delete(&memory, &service.id).await.unwrap();
        let now = PrivateEndpoints::get(&memory, &endpoint.id).await.unwrap();
        assert_eq!(now.state, ConnectionState::Closed);
    }

    #[tokio::test]
    async fn a_private_name_is_proved_once_it_was_looked_for() {
        let memory = Memory::default();
        let new = service("*", false);
        let found = PrivateServices::create(&memory, &new).await.unwrap();
        let state = |found: &PrivateService| found.verification.as_ref().map(|v| v.state);
        assert_eq!(state(&found), Some(VerificationState::Pending));
        memory.verify(&found).await.unwrap();
        let found = PrivateServices::get(&memory, &found.id).await.unwrap();
        assert_eq!(state(&found), Some(VerificationState::Verified));
    }

    #[tokio::test]
    async fn who_never_asked_is_not_answered() {
        let memory = Memory::default();
        let found = PrivateServices::create(&memory, &service("*", false)).await;
        let nobody = "vpce-0abc1234".parse().unwrap();
        let found = found.unwrap();
        let answer = PrivateServices::answer(&memory, &found, &nobody, Answer::Reject);
        assert!(matches!(answer.await, Err(Error::NotFound(_))));
    }
}
