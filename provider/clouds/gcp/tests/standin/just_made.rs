//! What is made and cannot be looked at, and what is told of nobody: neither is lost, and neither is made twice.

use clouds::account::Managed;
use clouds::private_services::{ConnectionState, NewPrivateService, ServiceSettings, ServiceState};
use serde_json::{Value, json};

use crate::addresses::DENIED;
use crate::private::Here;

/// The answer to the creating call is all there is: it names the endpoint as its owner knows it.
#[tokio::test]
async fn an_endpoint_that_cannot_be_looked_at_is_made_nevertheless() {
    let here = Here::new("unseen").await;
    let endpoints = &here.clouds.private_endpoints;
    for look in ["compute.forwardingRules.get", "compute.addresses.get"] {
        here.fault(look, 9, DENIED).await;
        let new = here.own("acme");
        let made = endpoints.create(&new).await.unwrap();
        assert_eq!(made.state, ConnectionState::Pending, "{look}");
        assert_eq!((&made.tags, &made.service), (&new.tags, &new.service));
        here.no_faults().await;
        let found = endpoints.get(&made.id).await.unwrap();
        assert_eq!(found.connection, made.connection, "{look}");
        endpoints.delete(&made.id).await.unwrap();
    }
    here.project.no_violations().await;
}

#[tokio::test]
async fn a_service_that_cannot_be_looked_at_is_made_nevertheless() {
    let here = Here::new("unseens").await;
    let services = &here.clouds.private_services;
    here.fault("compute.serviceAttachments.get", 9, DENIED)
        .await;
    let new = NewPrivateService {
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
    let made = services.create(&new).await.unwrap();
    assert_eq!((made.state, &made.tags), (ServiceState::Pending, &new.tags));
    here.no_faults().await;
    let found = services.get(&made.id).await.unwrap();
    assert_eq!(
        (&found.service_name, &found.tags),
        (&made.service_name, &made.tags)
    );
    here.project.no_violations().await;
}

/// No answer tells whether an endpoint was to have names: what it was made with is found all the same.
#[tokio::test]
async fn whether_an_endpoint_has_names_is_known_afterwards() {
    let here = Here::new("names-or-not").await;
    let endpoints = &here.clouds.private_endpoints;
    for private_dns in [false, true] {
        let mut new = here.own("acme");
        new.settings.private_dns = private_dns;
        let made = endpoints.create(&new).await.unwrap();
        let path = format!("{}/forwardingRules/acme", here.home);
        let rule = here.project.send("GET", "compute", &path, None).await;
        assert!(rule["noAutomateDnsZone"].is_null(), "{rule}");
        let project = &here.project;
        let asked = project
            .administer("GET", "connections/acme", Value::Null)
            .await;
        assert_eq!(asked["noAutomateDnsZone"], json!([!private_dns]));
        for tags in [
            new.tags.clone(),
            here.environment.made(Managed::PrivateEndpoints),
        ] {
            endpoints.set_tags(&made, &tags).await.unwrap();
            let found = endpoints.get(&made.id).await.unwrap();
            assert_eq!((&found.settings, &found.tags), (&new.settings, &tags));
        }
        endpoints.delete(&made.id).await.unwrap();
    }
    here.project.no_violations().await;
}

/// Another writer is faster once: the change is made of what there is then.
#[tokio::test]
async fn a_change_of_an_endpoint_names_its_version() {
    let here = Here::new("version").await;
    let endpoints = &here.clouds.private_endpoints;
    let made = endpoints.create(&here.own("acme")).await.unwrap();
    let mut wanted = made.settings.clone();
    wanted.global_access = true;
    let stale = (412, "FAILED_PRECONDITION", "conditionNotMet");
    here.fault("compute.forwardingRules.patch", 1, stale).await;
    here.project.calls().await;
    endpoints.configure(&made, &wanted).await.unwrap();
    let calls = here.project.calls().await;
    let (look, change) = (
        "compute.forwardingRules.get",
        "compute.forwardingRules.patch",
    );
    assert_eq!(calls[..4], [look, change, look, change]);
    let found = endpoints.get(&made.id).await.unwrap();
    assert!(found.settings.global_access);
    here.project.no_violations().await;
}
