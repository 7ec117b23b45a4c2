//! What private connectivity does on Google Cloud alone: endpoints of Google's own interfaces, addresses, lists.

use clouds::account::Managed;
use clouds::conformance::Environment;
use clouds::conformance::connectivity::Connectivity;
use clouds::private_endpoints::{EndpointSettings, EndpointType, NewPrivateEndpoint};
use clouds::private_services::{ConnectionState, NewPrivateService, ServiceSettings};
use clouds::tags::OWNER;
use clouds::{Clouds, Error};
use serde_json::{Value, json};

use crate::REGION;
use crate::connectivity::connectivity;
use crate::environment::environment;
use crate::project::Project;

pub struct Here {
    pub clouds: Clouds,
    pub environment: Environment,
    pub project: Project,
    pub around: Connectivity,
    pub home: String,
}

impl Here {
    pub async fn new(run: &str) -> Self {
        let (clouds, environment, project) = environment(run).await;
        let around = connectivity(&project, run).await;
        let home = format!("compute/v1/projects/{}/regions/{REGION}", project.id);
        project.calls().await;
        Self {
            clouds,
            environment,
            project,
            around,
            home,
        }
    }

    pub fn endpoint(&self, name: &str, service: &str) -> NewPrivateEndpoint {
        let subnet = Some(self.around.endpoint_subnets[0].clone());
        let subnet = subnet.filter(|_| service.starts_with("projects/"));
        NewPrivateEndpoint {
            name: name.parse().unwrap(),
            service: service.parse().unwrap(),
            kind: EndpointType::Interface,
            network: self.around.network.clone(),
            address: None,
            sub_resources: [].into(),
            settings: EndpointSettings {
                subnets: subnet.into_iter().collect(),
                ..EndpointSettings::default()
            },
            tags: self.environment.marks(Managed::PrivateEndpoints),
        }
    }

    pub async fn create(&self, new: &NewPrivateEndpoint) -> clouds::Result<()> {
        assert_eq!(self.clouds.private_endpoints.check(new), []);
        self.clouds.private_endpoints.create(new).await.map(drop)
    }

    /// How many addresses of this name are there.
    pub async fn addresses(&self, name: &str) -> usize {
        let path = format!("{}/addresses/{name}", self.home);
        let calls = self.project.try_send("GET", "compute", &path).await;
        usize::from(calls == 200)
    }
}

#[tokio::test]
async fn an_endpoint_of_googles_own_interfaces() {
    let here = Here::new("bundle").await;
    let endpoints = &here.clouds.private_endpoints;
    let all = "all-apis".parse().unwrap();
    let offer = endpoints.service(&all, EndpointType::Interface);
    let offer = offer.await.unwrap();
    assert_eq!(
        (offer.acceptance, offer.owner.as_deref()),
        (false, Some("Google"))
    );
    let mut new = here.endpoint("googleapis", "all-apis");
    new.address = "10.100.0.1".parse().ok();
    here.create(&new).await.unwrap();
    let id = "googleapis".parse().unwrap();
    let found = endpoints.get(&id).await.unwrap();
    assert_eq!(found.state, ConnectionState::Available);
    assert_eq!(
        found.addresses,
        ["10.100.0.1".parse::<std::net::IpAddr>().unwrap()]
    );
    assert_eq!(
        (&found.network, &found.settings),
        (&new.network, &new.settings)
    );
    assert_eq!(found.service, new.service);
    let path = format!(
        "projects/{}/global/forwardingRules/googleapis",
        here.project.id
    );
    let rule = format!("compute/v1/{path}");
    let rule = here.project.send("GET", "compute", &rule, None).await;
    let by_number = path.replace("googleapis", rule["id"].as_str().unwrap());
    assert_eq!(found.connection.as_str(), by_number);

    let made = here.environment.made(Managed::PrivateEndpoints);
    endpoints.set_tags(&found, &made).await.unwrap();
    assert_eq!(endpoints.get(&id).await.unwrap().tags, made);

    // Nothing of that name in the region, then, or nobody could tell them apart.
    let second = here.endpoint("googleapis", here.around.own_service.as_str());
    let refused = here.create(&second).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid(_)), "{refused}");
    assert!(refused.to_string().contains(&path), "{refused}");

    endpoints.delete(&id).await.unwrap();
    let gone = endpoints.delete(&id).await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    here.project.no_violations().await;
}

#[tokio::test]
async fn calls_of_a_life() {
    let here = Here::new("pcalls").await;
    let endpoints = &here.clouds.private_endpoints;
    let new = here.endpoint("acme", here.around.own_service.as_str());
    let found = endpoints.create(&new).await.unwrap();
    let calls = here.project.calls().await;
    assert_eq!(
        calls,
        [
            "compute.globalForwardingRules.get",
            "compute.addresses.insert",
            "compute.regionOperations.get",
            "compute.forwardingRules.insert",
            "compute.regionOperations.get",
            "compute.forwardingRules.get",
            "compute.addresses.get",
        ]
    );
    endpoints.configure(&found, &found.settings).await.unwrap();
    endpoints.set_tags(&found, &found.tags).await.unwrap();
    assert_eq!(
        here.project.calls().await,
        [""; 0],
        "what is as it should be is left alone"
    );
    let made = here.environment.made(Managed::PrivateEndpoints);
    endpoints.set_tags(&found, &made).await.unwrap();
    let mut calls = here.project.calls().await;
    calls[..2].sort();
    assert_eq!(
        calls,
        [
            "compute.addresses.get",
            "compute.forwardingRules.get",
            "compute.addresses.setLabels",
            "compute.forwardingRules.setLabels",
        ]
    );
    let path = format!("{}/addresses/acme", here.home);
    let address = here.project.send("GET", "compute", &path, None).await;
    assert!(
        address["labels"]["dataplane-owner"].is_string(),
        "{address}"
    );
    here.project.no_violations().await;
}

#[tokio::test]
async fn an_address_of_an_interrupted_create_is_used() {
    let here = Here::new("half").await;
    let new = here.endpoint("acme", here.around.own_service.as_str());
    let marks = new
        .tags
        .iter()
        .filter(|(key, _)| !key.ends_with("creating"));
    let marks: Vec<_> = marks.map(|(key, value)| format!("{key}={value}")).collect();
    let mut address = json!({
        "name": "acme", "addressType": "INTERNAL", "description": marks.join(";"),
        "subnetwork": here.around.endpoint_subnets[1].as_str(),
    });
    let path = format!("{}/addresses", here.home);
    here.project
        .send("POST", "compute", &path, Some(address.clone()))
        .await;
    // In another subnet than is wanted by now: it is reserved anew.
    here.create(&new).await.unwrap();
    let id = "acme".parse().unwrap();
    let found = here.clouds.private_endpoints.get(&id).await.unwrap();
    assert_eq!(found.settings.subnets, new.settings.subnets);
    // The endpoint is there, wherever it is wanted by now: its address is left alone.
    let mut elsewhere = new.clone();
    elsewhere.settings.subnets = [here.around.endpoint_subnets[1].clone()].into();
    for wanted in [&new, &elsewhere] {
        here.project.calls().await;
        let again = here.create(wanted).await;
        assert!(matches!(again, Err(Error::AlreadyExists(_))), "{again:?}");
        let calls = here.project.calls().await;
        let released = calls.iter().any(|call| call == "compute.addresses.delete");
        assert!(!released, "{calls:?}");
    }

    // Somebody else's is left alone.
    address["name"] = "theirs".into();
    address["description"] = "by hand".into();
    here.project
        .send("POST", "compute", &path, Some(address))
        .await;
    let theirs = here.endpoint("theirs", here.around.own_service.as_str());
    let refused = here.create(&theirs).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid(_)), "{refused}");
    assert!(
        refused
            .to_string()
            .contains("an address called theirs exists"),
        "{refused}"
    );
    assert_eq!(here.addresses("theirs").await, 1);
    here.project.no_violations().await;
}

#[tokio::test]
async fn a_service_that_is_not_there_leaves_nothing() {
    let here = Here::new("nowhere").await;
    let service = format!(
        "projects/{}/regions/{REGION}/serviceAttachments/none",
        here.project.id
    );
    let new = here.endpoint("acme", &service);
    let refused = here.create(&new).await.unwrap_err();
    assert!(matches!(refused, Error::NotFound(_)), "{refused}");
    assert!(
        refused.to_string().contains("must have published"),
        "{refused}"
    );
    assert_eq!(here.addresses("acme").await, 0);
    let offered = here
        .clouds
        .private_endpoints
        .service(&new.service, EndpointType::Interface);
    assert!(matches!(offered.await, Err(Error::NotFound(_))));
    here.project.no_violations().await;
}

#[tokio::test]
async fn a_load_balancer_is_no_endpoint() {
    let here = Here::new("balancer").await;
    let endpoints = &here.clouds.private_endpoints;
    let said = endpoints.get(&"one".parse().unwrap()).await.unwrap_err();
    assert!(
        said.to_string().contains("load balancer's forwarding rule"),
        "{said}"
    );
    let said = endpoints.delete(&"one".parse().unwrap()).await.unwrap_err();
    assert!(matches!(said, Error::Invalid(_)), "{said}");
    here.project.no_violations().await;
}

/// Somebody lets in everybody: it is shown, and the next change ends it.
#[tokio::test]
async fn a_service_that_lets_in_everybody_is_closed_again() {
    let here = Here::new("open").await;
    let services = &here.clouds.private_services;
    let settings = ServiceSettings {
        load_balancer: here.around.load_balancers[0].clone(),
        subnets: here.around.service_subnets.clone(),
        allowed: [here.around.principals[0].clone()].into(),
        auto_accept: true,
        accepted: [].into(),
        rejected: [].into(),
        connection_limit: Some(3),
        private_dns_name: "api.example.com".parse().ok(),
    };
    let new = NewPrivateService {
        name: "acme".parse().unwrap(),
        settings,
        tags: here.environment.marks(Managed::PrivateServices),
    };
    assert_eq!(services.check(&new), []);
    let made = services.create(&new).await.unwrap();
    assert_eq!(made.settings, new.settings);
    let asked = here.around.counterpart.ask(&made).await;
    let found = services.get(&made.id).await.unwrap();
    let state = |found: &clouds::private_services::PrivateService| {
        found
            .connections
            .iter()
            .find(|one| one.id == asked)
            .unwrap()
            .state
    };
    assert_eq!(state(&found), ConnectionState::Available);

    let path = format!("{}/serviceAttachments/acme", here.home);
    let now = here.project.send("GET", "compute", &path, None).await;
    let open = json!({ "fingerprint": now["fingerprint"], "connectionPreference": "ACCEPT_AUTOMATIC", "description": "by hand" });
    here.project
        .send("PATCH", "compute", &path, Some(open))
        .await;
    let found = services.get(&made.id).await.unwrap();
    assert_eq!(found.foreign_principals, ["*".parse().unwrap()].into());
    assert!(!found.tags.contains_key(OWNER), "{:?}", found.tags);
    services.configure(&found, &new.settings).await.unwrap();
    let found = services.get(&made.id).await.unwrap();
    assert_eq!(
        (&found.settings, found.foreign_principals.len()),
        (&new.settings, 0)
    );
    services.set_tags(&found, &new.tags).await.unwrap();
    let now = here.project.send("GET", "compute", &path, None).await;
    let text = now["description"].as_str().unwrap();
    assert!(text.starts_with("by hand;dataplane:"), "{text}");
    assert_eq!(now["domainNames"], json!(["api.example.com."]));
    here.project.no_violations().await;
}

/// Another writer is faster once; always, and it is a conflict.
#[tokio::test]
async fn a_change_of_another_version_is_made_again() {
    let here = Here::new("stale").await;
    let services = &here.clouds.private_services;
    let mut new = NewPrivateService {
        name: "acme".parse().unwrap(),
        settings: ServiceSettings {
            load_balancer: here.around.load_balancers[0].clone(),
            subnets: here.around.service_subnets.clone(),
            allowed: [].into(),
            auto_accept: false,
            accepted: [].into(),
            rejected: [].into(),
            connection_limit: None,
            private_dns_name: None,
        },
        tags: here.environment.marks(Managed::PrivateServices),
    };
    let found = services.create(&new).await.unwrap();
    new.settings.load_balancer = here.around.load_balancers[1].clone();
    let stale = |until: u32| {
        json!([{ "method": "compute.serviceAttachments.patch", "from": 0, "until": until, "answer": {
            "kind": "error", "code": 412, "status": "FAILED_PRECONDITION", "message": "Invalid fingerprint.", "reason": "conditionNotMet",
        } }])
    };
    here.project.administer("POST", "faults", stale(1)).await;
    services.configure(&found, &new.settings).await.unwrap();
    assert_eq!(
        services.get(&found.id).await.unwrap().settings,
        new.settings
    );
    here.project
        .administer("DELETE", "faults", Value::Null)
        .await;
    here.project.administer("POST", "faults", stale(9)).await;
    let now = services.get(&found.id).await.unwrap();
    let refused = services.configure(&now, &found.settings).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    here.project.no_violations().await;
}
