//! How private services behave.

use std::collections::BTreeSet;

use super::connectivity::{Connectivity, LOOKS};
use super::{Environment, assert_exists, assert_gone};
use crate::account::Managed;
use crate::error::Error;
use crate::private_services::{
    Answer, ConnectionId, ConnectionState, NewPrivateService, PrivateService, PrivateServiceId,
    PrivateServices, ServiceSettings, ServiceState, VerificationState,
};

/// The whole suite, but for what some clouds alone have: [`verification`].
pub async fn suite(
    services: &dyn PrivateServices,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    life(services, environment, connectivity).await;
    exists(services, environment, connectivity).await;
    principals(services, environment, connectivity).await;
    settings(services, environment, connectivity).await;
    connections(services, environment, connectivity).await;
}

/// One without principals: nobody can ask yet.
fn new(environment: &Environment, connectivity: &Connectivity, name: &str) -> NewPrivateService {
    NewPrivateService {
        name: environment.name(name),
        settings: ServiceSettings {
            load_balancer: connectivity.load_balancers[0].clone(),
            subnets: connectivity.service_subnets.clone(),
            allowed: BTreeSet::new(),
            auto_accept: false,
            accepted: BTreeSet::new(),
            rejected: BTreeSet::new(),
            connection_limit: None,
            private_dns_name: None,
        },
        tags: environment.marks(Managed::PrivateServices),
    }
}

fn takes(
    services: &dyn PrivateServices,
    new: &NewPrivateService,
    settings: &ServiceSettings,
) -> bool {
    let wanted = NewPrivateService {
        settings: settings.clone(),
        ..new.clone()
    };
    services.check(&wanted).is_empty()
}

/// Looks until it is no longer being made.
async fn settled(services: &dyn PrivateServices, id: &PrivateServiceId) -> PrivateService {
    for _ in 0..LOOKS {
        let found = services.get(id).await.unwrap();
        if found.state != ServiceState::Pending {
            assert_eq!(found.state, ServiceState::Available);
            return found;
        }
    }
    panic!("{id} is still pending after {LOOKS} looks");
}

/// As wanted: some clouds let nobody ask before it is made.
async fn made(services: &dyn PrivateServices, new: &NewPrivateService) -> PrivateService {
    assert_eq!(services.check(new), []);
    let created = services.create(new).await.unwrap();
    let found = settled(services, &created.id).await;
    if found.settings.allowed == new.settings.allowed {
        return found;
    }
    services.configure(&found, &new.settings).await.unwrap();
    settled(services, &created.id).await
}

/// How a connection stands, once it is no longer being made.
async fn standing(
    services: &dyn PrivateServices,
    service: &PrivateService,
    id: &ConnectionId,
) -> ConnectionState {
    for _ in 0..LOOKS {
        let found = services.get(&service.id).await.unwrap();
        let connection = found.connections.iter().find(|asked| asked.id == *id);
        let state = connection.unwrap().state;
        if state != ConnectionState::Pending {
            return state;
        }
    }
    panic!("{id} is still pending after {LOOKS} looks");
}

/// Marked from the creating call on, found by id and by what was wanted, gone when deleted.
pub async fn life(
    services: &dyn PrivateServices,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let new = new(environment, connectivity, "life");
    assert_gone(services.find(&new).await);
    let created = services.create(&new).await.unwrap();
    assert_eq!(created.name, new.name);
    assert_eq!(created.tags, environment.marks(Managed::PrivateServices));
    let found = settled(services, &created.id).await;
    let now = PrivateService {
        state: ServiceState::Available,
        zones: found.zones.clone(),
        ..created
    };
    assert_eq!(found, now);
    assert_eq!(services.find(&new).await.unwrap(), found);
    assert_eq!(found.settings.load_balancer, new.settings.load_balancer);
    assert_eq!(found.connections, []);

    let tags = environment.made(Managed::PrivateServices);
    services.set_tags(&found, &tags).await.unwrap();
    assert_eq!(services.get(&found.id).await.unwrap().tags, tags);

    services.delete(&found.id).await.unwrap();
    assert_gone(services.get(&found.id).await);
    assert_gone(services.find(&new).await);
    assert_gone(services.delete(&found.id).await);
}

/// What exists is not made again.
pub async fn exists(
    services: &dyn PrivateServices,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let new = new(environment, connectivity, "exists");
    let first = made(services, &new).await;
    assert_exists(services.create(&new).await);
    assert_eq!(services.find(&new).await.unwrap().id, first.id);
    services.delete(&first.id).await.unwrap();
}

/// Who may ask is set by differences, and read back.
pub async fn principals(
    services: &dyn PrivateServices,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let new = new(environment, connectivity, "principals");
    let made = made(services, &new).await;
    let [first, second] = connectivity.principals.clone();
    let lists = [
        BTreeSet::from([first.clone()]),
        BTreeSet::from([first, second.clone()]),
        BTreeSet::from([second]),
        BTreeSet::new(),
    ];
    for allowed in lists {
        // Some clouds let in by name only whom they let in without asking.
        let letting = [false, true].map(|auto_accept| ServiceSettings {
            allowed: allowed.clone(),
            auto_accept,
            ..new.settings.clone()
        });
        let mut letting = letting
            .into_iter()
            .filter(|wanted| takes(services, &new, wanted));
        let wanted = letting.next().unwrap();
        let found = services.get(&made.id).await.unwrap();
        services.configure(&found, &wanted).await.unwrap();
        let found = settled(services, &made.id).await;
        assert_eq!(found.settings.allowed, allowed);
        assert_eq!(found.settings.auto_accept, wanted.auto_accept);
        assert_eq!(found.foreign_principals, BTreeSet::new());
        assert_eq!(found.foreign_load_balancers, BTreeSet::new());
    }
    services.delete(&made.id).await.unwrap();
}

/// Each other setting changes alone, and back again.
pub async fn settings(
    services: &dyn PrivateServices,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let mut new = new(environment, connectivity, "settings");
    let named = ServiceSettings {
        allowed: [connectivity.principals[0].clone()].into(),
        auto_accept: true,
        ..new.settings.clone()
    };
    if takes(services, &new, &named) {
        new.settings = named;
    }
    let made = made(services, &new).await;
    let plain = &new.settings;
    let changes = [
        (
            "load_balancer",
            ServiceSettings {
                load_balancer: connectivity.load_balancers[1].clone(),
                ..plain.clone()
            },
        ),
        (
            "auto_accept",
            ServiceSettings {
                auto_accept: !plain.auto_accept,
                ..plain.clone()
            },
        ),
        (
            "connection_limit",
            ServiceSettings {
                connection_limit: Some(3),
                ..plain.clone()
            },
        ),
        (
            "private_dns_name",
            ServiceSettings {
                private_dns_name: "api.example.com".parse().ok(),
                ..plain.clone()
            },
        ),
    ];
    let changes = changes
        .into_iter()
        .filter(|(field, wanted)| {
            !services.replaces().contains(field) && takes(services, &new, wanted)
        })
        .flat_map(|(_, wanted)| [wanted, plain.clone()]);
    for wanted in changes {
        let found = services.get(&made.id).await.unwrap();
        services.configure(&found, &wanted).await.unwrap();
        assert_eq!(settled(services, &made.id).await.settings, wanted);
    }
    services.delete(&made.id).await.unwrap();
}

/// A private DNS name is proved with a record once the cloud was asked to look, and needs no proof any more when it is gone, for clouds
/// that want such.
pub async fn verification(
    services: &dyn PrivateServices,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let plain = new(environment, connectivity, "proof");
    let mut new = plain.clone();
    new.settings.private_dns_name = "proof.example.com".parse().ok();
    let service = made(services, &new).await;
    let proof = service.verification.clone().unwrap();
    assert_eq!(proof.state, VerificationState::Pending);
    assert_eq!(proof.kind, "TXT");
    assert!(!proof.name.is_empty() && !proof.value.is_empty());

    services.verify(&service).await.unwrap();
    let mut proved = None;
    for _ in 0..LOOKS {
        let found = services.get(&service.id).await.unwrap();
        let now = found.verification.clone().unwrap();
        assert_eq!((&now.name, &now.value), (&proof.name, &proof.value));
        if now.state == VerificationState::Verified {
            proved = Some(found);
            break;
        }
    }
    let found = proved.unwrap();
    services.configure(&found, &plain.settings).await.unwrap();
    let found = settled(services, &service.id).await;
    assert_eq!(found.settings.private_dns_name, None);
    assert_eq!(found.verification, None);
    services.delete(&service.id).await.unwrap();
}

/// Whoever asks is seen, let in, kept out and let in again; a service with live connections is not deleted.
pub async fn connections(
    services: &dyn PrivateServices,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let mut new = new(environment, connectivity, "connections");
    let named = ServiceSettings {
        allowed: [connectivity.principals[0].clone()].into(),
        ..new.settings.clone()
    };
    if takes(services, &new, &named) {
        new.settings = named;
    }
    let service = made(services, &new).await;
    let nobody = environment.name::<PrivateServiceId>("nobody");
    assert_gone(services.get(&nobody).await);

    let asked = connectivity.counterpart.ask(&service).await;
    let waits = ConnectionState::PendingAcceptance;
    assert_eq!(standing(services, &service, &asked).await, waits);
    let refused = services.delete(&service.id).await;
    assert!(matches!(refused, Err(Error::NotEmpty(_))), "{refused:?}");

    for (answer, state) in [
        (Answer::Accept, ConnectionState::Available),
        (Answer::Reject, ConnectionState::Rejected),
        (Answer::Accept, ConnectionState::Available),
        (Answer::Reject, ConnectionState::Rejected),
    ] {
        let found = services.get(&service.id).await.unwrap();
        services.answer(&found, &asked, answer).await.unwrap();
        assert_eq!(standing(services, &service, &asked).await, state);
        let settings = services.get(&service.id).await.unwrap().settings;
        let let_in = state == ConnectionState::Available;
        assert_eq!(settings.accepted.contains(&asked), let_in);
        assert_eq!(settings.rejected.contains(&asked), !let_in);
    }
    services.delete(&service.id).await.unwrap();
    assert_gone(services.get(&service.id).await);
}
