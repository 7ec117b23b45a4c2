//! Private Link between two subscriptions: one publishes, the other consumes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use clouds::conformance::connectivity::{Connectivity, Counterpart};
use clouds::conformance::{private_endpoints, private_services};
use clouds::private_endpoints::{
    EndpointSettings, EndpointType, NewPrivateEndpoint, PrivateEndpoint, ServiceName,
};
use clouds::private_services::{
    Answer, ConnectionId, ConnectionState, NewPrivateService, PrivateService, ServiceSettings,
};
use clouds::{Error, Tags};
use reqwest::Method;
use serde_json::json;

use super::{LOCATION, Standin};

const ZONE: &str = "privatelink.blob.core.windows.net";

impl Standin {
    fn networked(&self, kind: &str, name: &str) -> String {
        format!("{}/providers/Microsoft.Network/{kind}/{name}", self.group())
    }

    fn subnet(&self, name: &str) -> String {
        format!(
            "{}/subnets/{name}",
            self.networked("virtualNetworks", "net")
        )
    }

    fn frontend(&self, balancer: &str) -> String {
        let id = self.networked("loadBalancers", balancer);
        format!("{id}/frontendIPConfigurations/api")
    }

    /// A network, two load balancers, a zone and a storage account.
    async fn surrounded(&self) {
        let network = self.networked("virtualNetworks", "net");
        let open = json!({ "addressPrefix": "10.0.1.0/24", "privateLinkServiceNetworkPolicies": "Disabled" });
        let body = json!({ "location": LOCATION, "properties": {
            "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] },
            "subnets": [
                { "name": "link", "properties": open },
                { "name": "one", "properties": { "addressPrefix": "10.0.2.0/24" } },
                { "name": "two", "properties": { "addressPrefix": "10.0.3.0/24" } },
            ],
        } });
        self.arm(Method::PUT, &network, "2024-05-01", body).await;
        for balancer in ["one", "two"] {
            let frontend =
                json!({ "name": "api", "properties": { "subnet": { "id": self.subnet("link") } } });
            let body = json!({ "location": LOCATION, "sku": { "name": "Standard" }, "properties": { "frontendIPConfigurations": [frontend] } });
            let id = self.networked("loadBalancers", balancer);
            self.arm(Method::PUT, &id, "2024-05-01", body).await;
        }
        let zone = self.networked("privateDnsZones", ZONE);
        let body = json!({ "location": "global" });
        self.arm(Method::PUT, &zone, "2024-06-01", body).await;
        let bucket = clouds::buckets::NewBucket {
            id: self.bucket(),
            hierarchical: false,
            kms_key: None,
            tags: Tags::new(),
        };
        self.clouds().buckets.create(&bucket).await.unwrap();
    }

    /// What the suites work in; on the other side is this neighbour.
    fn connectivity(&self, neighbour: Standin) -> Connectivity {
        let id = |text: String| text.parse().unwrap();
        let account = format!("{}roles", self.run);
        Connectivity {
            load_balancers: ["one", "two"].map(|name| self.frontend(name).parse().unwrap()),
            service_subnets: [self.subnet("link").parse().unwrap()].into(),
            principals: [
                neighbour.subscription.parse().unwrap(),
                "00000000-0000-4000-8000-000000000000".parse().unwrap(),
            ],
            network: None,
            endpoint_subnets: ["one", "two"].map(|name| self.subnet(name).parse().unwrap()),
            security_group: None,
            own_service: id(format!(
                "{}/providers/Microsoft.Storage/storageAccounts/{account}",
                self.group()
            )),
            sub_resources: ["blob".to_owned()].into(),
            dns_zone: self.networked("privateDnsZones", ZONE).parse().ok(),
            counterpart: Box::new(Neighbour {
                offers: AtomicUsize::new(0),
                consumer: self.subscription.clone(),
                side: neighbour,
            }),
        }
    }
}

/// The other subscription, driven by a backend of its own.
struct Neighbour {
    side: Standin,
    /// Whom it publishes for.
    consumer: String,
    offers: AtomicUsize,
}

impl Neighbour {
    fn published(&self, acceptance: bool) -> NewPrivateService {
        let number = self.offers.fetch_add(1, Ordering::Relaxed);
        NewPrivateService {
            name: format!("offer-{number}").parse().unwrap(),
            settings: ServiceSettings {
                load_balancer: self.side.frontend("one").parse().unwrap(),
                subnets: [self.side.subnet("link").parse().unwrap()].into(),
                allowed: [self.consumer.parse().unwrap()].into(),
                auto_accept: !acceptance,
                accepted: BTreeSet::new(),
                rejected: BTreeSet::new(),
                connection_limit: None,
                private_dns_name: None,
            },
            tags: Tags::new(),
        }
    }
}

#[async_trait]
impl Counterpart for Neighbour {
    async fn ask(&self, service: &PrivateService) -> ConnectionId {
        let new = NewPrivateEndpoint {
            name: "asks".parse().unwrap(),
            service: service.service_name.parse().unwrap(),
            kind: EndpointType::Interface,
            network: None,
            address: None,
            sub_resources: BTreeSet::new(),
            settings: EndpointSettings {
                subnets: [self.side.subnet("one").parse().unwrap()].into(),
                request_message: Some("let me in".to_owned()),
                ..EndpointSettings::default()
            },
            tags: Tags::new(),
        };
        let made = self.side.clouds().private_endpoints.create(&new).await;
        made.unwrap().connection
    }

    async fn offer(&self, acceptance: bool) -> ServiceName {
        let new = self.published(acceptance);
        let made = self.side.clouds().private_services.create(&new).await;
        made.unwrap().service_name.parse().unwrap()
    }

    async fn answer(&self, endpoint: &PrivateEndpoint, state: ConnectionState) -> bool {
        let services = self.side.clouds().private_services;
        let name = endpoint.service.as_str().rsplit('/').next().unwrap();
        let service = services.get(&name.parse().unwrap()).await.unwrap();
        let answer = match state {
            ConnectionState::Available => Answer::Accept,
            ConnectionState::Rejected | ConnectionState::Closed => Answer::Reject,
            _ => return false,
        };
        let connection = &endpoint.connection;
        services.answer(&service, connection, answer).await.unwrap();
        if state == ConnectionState::Closed {
            services.delete(&service.id).await.unwrap();
        }
        true
    }
}

async fn both() -> (Standin, Standin) {
    let (own, other) = (Standin::new().await, Standin::new().await);
    own.surrounded().await;
    other.surrounded().await;
    (own, other)
}

#[tokio::test]
async fn private_services_of_azure() {
    let (own, other) = both().await;
    let services = own.clouds().private_services;
    let connectivity = own.connectivity(other.clone());
    private_services::suite(&*services, &own.environment(), &connectivity).await;
    own.assert_described().await;
    other.assert_described().await;
}

#[tokio::test]
async fn private_endpoints_of_azure() {
    let (own, other) = both().await;
    let endpoints = own.clouds().private_endpoints;
    let connectivity = own.connectivity(other.clone());
    private_endpoints::suite(&*endpoints, &own.environment(), &connectivity).await;
    own.assert_described().await;
    other.assert_described().await;
}

/// Ids in other letter cases, and operations that take their time.
#[tokio::test]
async fn private_link_where_azure_is_itself() {
    let (own, other) = both().await;
    for side in [&own, &other] {
        let settings = json!({ "foreignCase": true, "operationPolls": 2, "pageSize": 1 });
        let url = side.administration("settings");
        side.send(Method::PUT, &url, &settings.to_string()).await;
    }
    let (clouds, environment) = (own.clouds(), own.environment());
    let connectivity = own.connectivity(other.clone());
    private_services::life(&*clouds.private_services, &environment, &connectivity).await;
    private_services::connections(&*clouds.private_services, &environment, &connectivity).await;
    private_endpoints::suite(&*clouds.private_endpoints, &environment, &connectivity).await;
}

/// Four endpoints of one network at once: none is refused, since each waits for its turn.
#[tokio::test]
async fn endpoints_of_one_network_wait_for_each_other() {
    let (own, other) = both().await;
    let connectivity = own.connectivity(other);
    let endpoints = own.clouds().private_endpoints;
    let making = (0..4).map(|number| NewPrivateEndpoint {
        name: format!("one-{number}").parse().unwrap(),
        service: connectivity.own_service.clone(),
        kind: EndpointType::Interface,
        network: None,
        address: None,
        sub_resources: connectivity.sub_resources.clone(),
        settings: EndpointSettings {
            subnets: [connectivity.endpoint_subnets[0].clone()].into(),
            ..EndpointSettings::default()
        },
        tags: Tags::new(),
    });
    let making: Vec<_> = making.collect();
    let made = making.iter().map(|new| endpoints.create(new));
    let made = futures::future::try_join_all(made).await.unwrap();
    let addresses: BTreeSet<_> = made.iter().flat_map(|one| &one.addresses).collect();
    assert_eq!(addresses.len(), 4);
    let calls = own.administration("calls");
    let calls = own.send(Method::GET, &calls, "").await.to_string();
    assert!(!calls.contains("\"status\":429"), "{calls}");
    own.assert_described().await;
}

/// A service that does not list us is not there for us, and its owner is told what to do.
#[tokio::test]
async fn a_service_that_does_not_know_us() {
    let (own, other) = both().await;
    let connectivity = own.connectivity(other.clone());
    let mut closed = Neighbour {
        offers: AtomicUsize::new(7),
        consumer: "00000000-0000-4000-8000-000000000000".to_owned(),
        side: other,
    };
    let service = closed.offer(true).await;
    closed.consumer.clone_from(&own.subscription);
    let new = NewPrivateEndpoint {
        name: "unknown".parse().unwrap(),
        service,
        kind: EndpointType::Interface,
        network: None,
        address: None,
        sub_resources: BTreeSet::new(),
        settings: EndpointSettings {
            subnets: [connectivity.endpoint_subnets[0].clone()].into(),
            ..EndpointSettings::default()
        },
        tags: Tags::new(),
    };
    let endpoints = own.clouds().private_endpoints;
    let refused = endpoints.create(&new).await.unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, Error::NotFound(_)), "{said}");
    assert!(said.contains("allowed_principals"), "{said}");
    let open = closed.offer(true).await;
    let asks = NewPrivateEndpoint {
        service: open,
        ..new
    };
    let found = endpoints.create(&asks).await.unwrap();
    assert_eq!(found.state, ConnectionState::PendingAcceptance);
}
