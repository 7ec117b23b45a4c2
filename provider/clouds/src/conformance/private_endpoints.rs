//! How private endpoints behave.

use std::collections::BTreeSet;

use super::connectivity::{Connectivity, LOOKS};
use super::{Environment, assert_exists, assert_gone};
use crate::account::Managed;
use crate::policies::PolicyDocument;
use crate::private_endpoints::{
    DnsZoneId, EndpointSettings, EndpointType, NewPrivateEndpoint, PrivateEndpoint,
    PrivateEndpointId, PrivateEndpoints, RouteTableId, SecurityGroupId, ServiceName,
};
use crate::private_services::ConnectionState;

/// The whole suite, but for what some clouds alone have: [`named`], [`guarded`], [`gateway`] and [`zones`].
pub async fn suite(
    endpoints: &dyn PrivateEndpoints,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    life(endpoints, environment, connectivity).await;
    exists(endpoints, environment, connectivity).await;
    settings(endpoints, environment, connectivity).await;
    pending(endpoints, environment, connectivity).await;
    ended(endpoints, environment, connectivity).await;
}

/// One of this service with as much of the network as the cloud takes: an endpoint of a bundle has no subnet, say.
fn new(
    endpoints: &dyn PrivateEndpoints,
    environment: &Environment,
    connectivity: &Connectivity,
    name: &str,
    service: &ServiceName,
) -> NewPrivateEndpoint {
    let own = *service == connectivity.own_service;
    let groups = connectivity.security_group.clone();
    let mut new = NewPrivateEndpoint {
        name: environment.name(name),
        service: service.clone(),
        kind: EndpointType::Interface,
        network: connectivity.network.clone(),
        address: None,
        sub_resources: BTreeSet::new(),
        settings: EndpointSettings {
            subnets: [connectivity.endpoint_subnets[0].clone()].into(),
            security_groups: groups.into_iter().collect(),
            policy: endpoints.defaults(service, EndpointType::Interface).policy,
            ..EndpointSettings::default()
        },
        tags: environment.marks(Managed::PrivateEndpoints),
    };
    if own {
        new.sub_resources.clone_from(&connectivity.sub_resources);
    }
    for refusal in endpoints.check(&new) {
        match refusal.field {
            "network" => new.network = None,
            "subnets" => new.settings.subnets.clear(),
            _ => panic!("{refusal}"),
        }
    }
    assert_eq!(endpoints.check(&new), []);
    new
}

/// Looks until it is no longer being made.
async fn settled(endpoints: &dyn PrivateEndpoints, id: &PrivateEndpointId) -> PrivateEndpoint {
    for _ in 0..LOOKS {
        let found = endpoints.get(id).await.unwrap();
        if found.state != ConnectionState::Pending {
            return found;
        }
    }
    panic!("{id} is still pending after {LOOKS} looks");
}

async fn made(endpoints: &dyn PrivateEndpoints, new: &NewPrivateEndpoint) -> PrivateEndpoint {
    let created = endpoints.create(new).await.unwrap();
    settled(endpoints, &created.id).await
}

/// Marked from the creating call on, found by id and by what was wanted, with an address and names, gone when deleted.
pub async fn life(
    endpoints: &dyn PrivateEndpoints,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let own = &connectivity.own_service;
    let offer = endpoints
        .service(own, EndpointType::Interface)
        .await
        .unwrap();
    assert!(!offer.acceptance, "{offer:?}");
    let new = new(endpoints, environment, connectivity, "life", own);
    assert_gone(endpoints.find(&new).await);
    let created = endpoints.create(&new).await.unwrap();
    assert_eq!(created.name, new.name);
    assert_eq!(created.service, new.service);
    assert_eq!(created.tags, environment.marks(Managed::PrivateEndpoints));
    let found = settled(endpoints, &created.id).await;
    assert_eq!(found.state, ConnectionState::Available);
    assert_eq!(found.connection, created.connection);
    assert_eq!(found.settings, new.settings);
    assert!(!found.addresses.is_empty());
    assert!(!found.private_dns_active);
    assert_eq!(endpoints.find(&new).await.unwrap(), found);

    let tags = environment.made(Managed::PrivateEndpoints);
    endpoints.set_tags(&found, &tags).await.unwrap();
    assert_eq!(endpoints.get(&found.id).await.unwrap().tags, tags);

    endpoints.delete(&found.id).await.unwrap();
    assert_gone(endpoints.get(&found.id).await);
    assert_gone(endpoints.find(&new).await);
    assert_gone(endpoints.delete(&found.id).await);
}

/// What exists is not made again.
pub async fn exists(
    endpoints: &dyn PrivateEndpoints,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let own = &connectivity.own_service;
    let new = new(endpoints, environment, connectivity, "exists", own);
    let first = made(endpoints, &new).await;
    assert_exists(endpoints.create(&new).await);
    assert_eq!(endpoints.find(&new).await.unwrap().id, first.id);
    endpoints.delete(&first.id).await.unwrap();
}

/// Each setting changes alone, and back again.
pub async fn settings(
    endpoints: &dyn PrivateEndpoints,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let own = &connectivity.own_service;
    let new = new(endpoints, environment, connectivity, "settings", own);
    let made = made(endpoints, &new).await;
    let plain = &new.settings;
    let changes = [
        (
            "subnets",
            EndpointSettings {
                subnets: connectivity.endpoint_subnets.clone().into(),
                ..plain.clone()
            },
        ),
        (
            "private_dns",
            EndpointSettings {
                private_dns: true,
                ..plain.clone()
            },
        ),
        (
            "dns_zones",
            EndpointSettings {
                dns_zones: connectivity.dns_zone.clone().into_iter().collect(),
                ..plain.clone()
            },
        ),
        (
            "global_access",
            EndpointSettings {
                global_access: true,
                ..plain.clone()
            },
        ),
    ];
    let taken = |(field, settings): &(&str, EndpointSettings)| {
        let wanted = NewPrivateEndpoint {
            settings: settings.clone(),
            ..new.clone()
        };
        !endpoints.replaces().contains(field) && endpoints.check(&wanted).is_empty()
    };
    let changes = changes.into_iter().filter(taken);
    for wanted in changes.flat_map(|(_, wanted)| [wanted, plain.clone()]) {
        let found = configured(endpoints, &made.id, &wanted).await;
        assert_eq!(found.settings, wanted);
        assert_eq!(found.private_dns_active, wanted.private_dns);
    }
    endpoints.delete(&made.id).await.unwrap();
}

/// Sets what differs until nothing does: a cloud may take one kind of change at a time.
async fn configured(
    endpoints: &dyn PrivateEndpoints,
    id: &PrivateEndpointId,
    wanted: &EndpointSettings,
) -> PrivateEndpoint {
    let mut found = endpoints.get(id).await.unwrap();
    for _ in 0..LOOKS {
        if found.settings == *wanted {
            break;
        }
        endpoints.configure(&found, wanted).await.unwrap();
        found = settled(endpoints, id).await;
    }
    found
}

/// One that waits for its owner says so, has no private DNS, and goes on once it is let in.
pub async fn pending(
    endpoints: &dyn PrivateEndpoints,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let other = &*connectivity.counterpart;
    let service = other.offer(true).await;
    let offer = endpoints.service(&service, EndpointType::Interface).await;
    assert!(offer.unwrap().acceptance);
    let new = new(endpoints, environment, connectivity, "pending", &service);
    let found = made(endpoints, &new).await;
    assert_eq!(found.state, ConnectionState::PendingAcceptance);
    assert!(!found.private_dns_active);
    let remedy = endpoints.acceptance(&found);
    assert!(remedy.contains(found.connection.as_str()), "{remedy}");
    assert_eq!(endpoints.acceptance(&found), remedy);

    assert!(other.answer(&found, ConnectionState::Available).await);
    let found = settled(endpoints, &found.id).await;
    assert_eq!(found.state, ConnectionState::Available);
    endpoints.delete(&found.id).await.unwrap();
    assert_gone(endpoints.get(&found.id).await);

    let open = other.offer(false).await;
    let new = self::new(endpoints, environment, connectivity, "open", &open);
    let found = made(endpoints, &new).await;
    assert_eq!(found.state, ConnectionState::Available);
    endpoints.delete(&found.id).await.unwrap();
}

/// One of somebody else's services gets its names once it is let in, for clouds whose [`offer`](super::connectivity::Counterpart::offer)
/// has a name.
pub async fn named(
    endpoints: &dyn PrivateEndpoints,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let other = &*connectivity.counterpart;
    let service = other.offer(true).await;
    let mut new = new(endpoints, environment, connectivity, "named", &service);
    new.settings.private_dns = true;
    assert_eq!(endpoints.check(&new), []);
    let found = made(endpoints, &new).await;
    assert_eq!(found.state, ConnectionState::PendingAcceptance);
    assert!(!found.private_dns_active && !found.settings.private_dns);

    assert!(other.answer(&found, ConnectionState::Available).await);
    settled(endpoints, &found.id).await;
    let found = configured(endpoints, &found.id, &new.settings).await;
    assert_eq!(found.settings, new.settings);
    assert!(found.private_dns_active);
    endpoints.delete(&found.id).await.unwrap();
    assert_gone(endpoints.get(&found.id).await);
}

/// Another security group, and a policy that lets nothing through, for clouds that have such.
pub async fn guarded(
    endpoints: &dyn PrivateEndpoints,
    environment: &Environment,
    connectivity: &Connectivity,
    group: &SecurityGroupId,
    policy: &PolicyDocument,
) {
    let own = &connectivity.own_service;
    let new = new(endpoints, environment, connectivity, "guarded", own);
    let made = made(endpoints, &new).await;
    let plain = &new.settings;
    let mut both = plain.clone();
    both.security_groups.insert(group.clone());
    let mut other = plain.clone();
    other.security_groups = [group.clone()].into();
    let mut closed = plain.clone();
    closed.policy = Some(policy.clone());
    for wanted in [&both, &other, plain, &closed, plain] {
        let found = configured(endpoints, &made.id, wanted).await;
        assert_eq!(found.settings, *wanted);
    }
    endpoints.delete(&made.id).await.unwrap();
}

/// A gateway is made with one route table, gets another, and loses the first, for clouds that have such.
pub async fn gateway(
    endpoints: &dyn PrivateEndpoints,
    environment: &Environment,
    connectivity: &Connectivity,
    service: &ServiceName,
    route_tables: &[RouteTableId; 2],
) {
    let kind = EndpointType::Gateway;
    let offer = endpoints.service(service, kind).await.unwrap();
    assert!(!offer.acceptance, "{offer:?}");
    let defaults = endpoints.defaults(service, kind);
    assert!(!defaults.private_dns);
    let [first, second] = route_tables.clone();
    let new = NewPrivateEndpoint {
        name: environment.name("gateway"),
        service: service.clone(),
        kind,
        network: connectivity.network.clone(),
        address: None,
        sub_resources: BTreeSet::new(),
        settings: EndpointSettings {
            route_tables: [first].into(),
            policy: defaults.policy,
            ..EndpointSettings::default()
        },
        tags: environment.marks(Managed::PrivateEndpoints),
    };
    assert_eq!(endpoints.check(&new), []);
    let found = made(endpoints, &new).await;
    assert_eq!(
        (found.kind, found.state),
        (kind, ConnectionState::Available)
    );
    assert_eq!(found.settings, new.settings);
    assert!(found.prefix_list.is_some());
    for tables in [route_tables.clone().into(), BTreeSet::from([second])] {
        let wanted = EndpointSettings {
            route_tables: tables,
            ..new.settings.clone()
        };
        let found = configured(endpoints, &found.id, &wanted).await;
        assert_eq!(found.settings, wanted);
    }
    endpoints.delete(&found.id).await.unwrap();
    assert_gone(endpoints.get(&found.id).await);
}

/// Names in two private zones, in one of them, and in none, for clouds that write them there.
pub async fn zones(
    endpoints: &dyn PrivateEndpoints,
    environment: &Environment,
    connectivity: &Connectivity,
    zones: &[DnsZoneId; 2],
) {
    let own = &connectivity.own_service;
    let new = new(endpoints, environment, connectivity, "zones", own);
    let made = made(endpoints, &new).await;
    let [first, second] = zones.clone();
    let lists = [
        BTreeSet::from([first.clone(), second]),
        BTreeSet::from([first]),
        BTreeSet::new(),
    ];
    for dns_zones in lists {
        let wanted = EndpointSettings {
            dns_zones,
            ..new.settings.clone()
        };
        let found = configured(endpoints, &made.id, &wanted).await;
        assert_eq!(found.settings, wanted);
    }
    endpoints.delete(&made.id).await.unwrap();
}

/// One that has come to an end says which, and can be deleted.
pub async fn ended(
    endpoints: &dyn PrivateEndpoints,
    environment: &Environment,
    connectivity: &Connectivity,
) {
    let other = &*connectivity.counterpart;
    for (state, everywhere) in [
        (ConnectionState::Rejected, true),
        (ConnectionState::Closed, true),
        (ConnectionState::Expired, false),
        (ConnectionState::Failed, false),
        (ConnectionState::Partial, false),
    ] {
        let service = other.offer(true).await;
        let name = state.as_str();
        let new = new(endpoints, environment, connectivity, name, &service);
        let found = made(endpoints, &new).await;
        if other.answer(&found, state).await {
            let now = endpoints.get(&found.id).await.unwrap();
            assert_eq!((now.state, now.private_dns_active), (state, false));
        } else {
            assert!(!everywhere, "{state} comes to pass in every cloud");
        }
        endpoints.delete(&found.id).await.unwrap();
        assert_gone(endpoints.get(&found.id).await);
    }
}
