//! Private Link: which calls are made, what Azure does not take, and what its refusals mean.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use std::collections::BTreeSet;

use clouds::private_endpoints::{EndpointSettings, EndpointType, NewPrivateEndpoint};
use clouds::private_services::{NewPrivateService, ServiceSettings, ServiceState};
use clouds::{Error, Refusal, Tags};
use server::{GROUP, SUBSCRIPTION, Scripted, Server, error, not_found, ok};

const VENDOR: &str = "99999999-0000-4000-8000-000000000001";

fn networked(path: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/{path}")
}

fn of_others(path: &str) -> String {
    networked(path).replace(SUBSCRIPTION, VENDOR)
}

fn service() -> NewPrivateService {
    NewPrivateService {
        name: "api".parse().unwrap(),
        settings: ServiceSettings {
            load_balancer: networked("loadBalancers/lb/frontendIPConfigurations/api")
                .parse()
                .unwrap(),
            subnets: [networked("virtualNetworks/net/subnets/link")
                .parse()
                .unwrap()]
            .into(),
            allowed: [VENDOR.parse().unwrap()].into(),
            auto_accept: false,
            accepted: BTreeSet::new(),
            rejected: BTreeSet::new(),
            connection_limit: None,
            private_dns_name: None,
        },
        tags: Tags::new(),
    }
}

fn endpoint() -> NewPrivateEndpoint {
    NewPrivateEndpoint {
        name: "api".parse().unwrap(),
        service: of_others("privateLinkServices/api").parse().unwrap(),
        kind: EndpointType::Interface,
        network: None,
        address: None,
        sub_resources: BTreeSet::new(),
        settings: EndpointSettings {
            subnets: [networked("virtualNetworks/net/subnets/own")
                .parse()
                .unwrap()]
            .into(),
            request_message: Some("please".to_owned()),
            ..EndpointSettings::default()
        },
        tags: Tags::new(),
    }
}

/// A service of which the consumer's connection stands so.
fn answered(status: &str) -> String {
    let id = of_others("privateEndpoints/api");
    format!(
        r#"{{"id":"/x","tags":{{"team":"a"}},"properties":{{"provisioningState":"Succeeded","alias":"api.8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11.westeurope.azure.privatelinkservice","enableProxyProtocol":true,
        "loadBalancerFrontendIpConfigurations":[{{"id":"{}"}}],"ipConfigurations":[{{"id":"/y","name":"default","properties":{{"subnet":{{"id":"{}"}},"privateIPAddress":"10.0.1.4","privateIPAllocationMethod":"Dynamic","primary":true}}}}],
        "visibility":{{"subscriptions":["{VENDOR}"]}},"autoApproval":{{"subscriptions":[]}},"fqdns":[],
        "privateEndpointConnections":[{{"name":"one","properties":{{"privateEndpoint":{{"id":"{id}"}},"privateLinkServiceConnectionState":{{"status":"{status}"}},"provisioningState":"Succeeded"}}}}]}}}}"#,
        networked("loadBalancers/lb/frontendIPConfigurations/api"),
        networked("virtualNetworks/net/subnets/link"),
    )
}

fn gone() -> server::Answer {
    ok("")
}

#[tokio::test]
async fn a_service_with_live_connections_is_left_alone() {
    let server = Server::scripted(vec![Scripted("GET", "", ok(&answered("Approved")))]).await;
    let refused = server
        .clouds(1)
        .private_services
        .delete(&"api".parse().unwrap())
        .await;
    let said = refused.unwrap_err();
    assert!(matches!(said, Error::NotEmpty(_)), "{said}");
    assert!(said.to_string().contains(VENDOR), "{said}");
    assert_eq!(server.writes(), [""; 0]);
}

#[tokio::test]
async fn connections_that_have_ended_go_before_their_service() {
    let server = Server::scripted(vec![
        Scripted("GET", "", ok(&answered("Rejected"))),
        Scripted("DELETE", "", gone()),
    ])
    .await;
    let services = server.clouds(1).private_services;
    services.delete(&"api".parse().unwrap()).await.unwrap();
    assert_eq!(
        server.writes(),
        [
            "DELETE /Network/privateLinkServices/api/privateEndpointConnections/one",
            "DELETE /Network/privateLinkServices/api",
        ]
    );
}

/// Azure lists a connection for a while whose endpoint is gone, without saying whose it was.
#[tokio::test]
async fn a_connection_of_nobody_is_passed_over() {
    let mut service = answered("Disconnected");
    let whose = format!(r#""id":"{}""#, of_others("privateEndpoints/api"));
    assert!(service.contains(&whose));
    service = service.replace(&whose, "");
    let server = Server::scripted(vec![
        Scripted("GET", "", ok(&service)),
        Scripted("DELETE", "", gone()),
    ])
    .await;
    let services = server.clouds(1).private_services;
    let found = services.get(&"api".parse().unwrap()).await.unwrap();
    assert_eq!(found.connections, []);
    services.delete(&found.id).await.unwrap();
    assert!(
        server
            .writes()
            .contains(&"DELETE /Network/privateLinkServices/api".to_owned())
    );
}

#[tokio::test]
async fn a_service_is_written_only_where_it_differs_and_whole() {
    let server = Server::scripted(vec![
        Scripted("GET", "", ok(&answered("Approved"))),
        Scripted("PUT", "", ok(&answered("Approved"))),
    ])
    .await;
    let services = server.clouds(1).private_services;
    let found = services.get(&"api".parse().unwrap()).await.unwrap();
    // What others may do is not told by lists of connections.
    let mut wanted = found.settings.clone();
    wanted.accepted.clear();
    services.configure(&found, &wanted).await.unwrap();
    assert_eq!(server.writes(), [""; 0]);

    wanted.auto_accept = true;
    services.configure(&found, &wanted).await.unwrap();
    let requests = server.requests();
    let (_, sent) = requests.last().unwrap().split_once("\r\n\r\n").unwrap();
    let list = format!(r#"{{"subscriptions":["{VENDOR}"]}}"#);
    for part in [
        format!(r#""visibility":{list},"autoApproval":{list}"#),
        r#""tags":{"team":"a"}"#.to_owned(),
        r#""enableProxyProtocol":true"#.to_owned(),
        r#""name":"default""#.to_owned(),
    ] {
        assert!(sent.contains(&part), "{part} in {sent}");
    }
    assert!(!sent.contains("10.0.1.4"), "{sent}");
}

#[tokio::test]
async fn who_is_let_in_by_hand_and_may_not_ask_is_foreign() {
    let body = answered("Approved").replace(
        r#""autoApproval":{"subscriptions":[]}"#,
        &format!(r#""autoApproval":{{"subscriptions":["{SUBSCRIPTION}"]}}"#),
    );
    let server = Server::scripted(vec![Scripted("", "", ok(&body))]).await;
    let services = server.clouds(1).private_services;
    let found = services.get(&"api".parse().unwrap()).await.unwrap();
    assert!(!found.settings.auto_accept);
    assert_eq!(found.foreign_principals, [SUBSCRIPTION.to_owned()].into());
    services.configure(&found, &found.settings).await.unwrap();
    assert_eq!(server.writes(), ["PUT /Network/privateLinkServices/api"]);
}

#[tokio::test]
async fn what_others_set_stays_when_the_message_changes() {
    let asked = of_others("privateLinkServices/api");
    let subnet = networked("virtualNetworks/net/subnets/own");
    let body = format!(
        r#"{{"location":"westeurope","tags":{{"team":"a"}},"properties":{{"provisioningState":"Succeeded","subnet":{{"id":"{subnet}"}},"customNetworkInterfaceName":"nic","ipConfigurations":[{{"name":"one","etag":"x","properties":{{"privateIPAddress":"10.0.2.9"}}}}],
        "applicationSecurityGroups":[{{"id":"/asg"}}],"customDnsConfigs":[{{"fqdn":"api.example.com","ipAddresses":["10.0.2.9"]}}],
        "manualPrivateLinkServiceConnections":[{{"id":"/c","name":"one","properties":{{"privateLinkServiceId":"{asked}","groupIds":[],"requestMessage":"please","privateLinkServiceConnectionState":{{"status":"Pending"}}}}}}]}}}}"#
    );
    let server = Server::scripted(vec![
        Scripted("GET", "privateDnsZoneGroups", ok(r#"{"value":[]}"#)),
        Scripted("", "", ok(&body)),
    ])
    .await;
    let endpoints = server.clouds(1).private_endpoints;
    let found = endpoints.get(&"api".parse().unwrap()).await.unwrap();
    assert_eq!(found.dns[0].name, "api.example.com");
    assert_eq!(found.addresses.len(), 1);
    let wanted = EndpointSettings {
        request_message: Some("now, please".to_owned()),
        // Not before it works.
        dns_zones: [networked("privateDnsZones/example.com").parse().unwrap()].into(),
        ..found.settings.clone()
    };
    endpoints.configure(&found, &wanted).await.unwrap();
    assert_eq!(server.writes(), ["PUT /Network/privateEndpoints/api"]);
    let requests = server.requests();
    let sent = requests
        .iter()
        .find(|sent| sent.starts_with("PUT"))
        .unwrap();
    for part in [
        r#""requestMessage":"now, please""#,
        r#""ipConfigurations":[{"name":"one","properties":{"privateIPAddress":"10.0.2.9"}}]"#,
        r#""customNetworkInterfaceName":"nic""#,
        r#""applicationSecurityGroups":[{"id":"/asg"}]"#,
        r#""tags":{"team":"a"}"#,
    ] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
    assert!(
        !sent.contains("privateLinkServiceConnectionState"),
        "{sent}"
    );
}

#[tokio::test]
async fn a_subnet_with_policies_is_told_with_its_argument() {
    let code = "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled";
    let server = Server::scripted(vec![
        Scripted("GET", "", not_found()),
        Scripted(
            "PUT",
            "",
            error("400 Bad Request", code, "It has policies."),
        ),
    ])
    .await;
    let refused = server.clouds(1).private_services.create(&service()).await;
    let said = refused.unwrap_err();
    assert!(matches!(said, Error::Invalid(_)), "{said:?}");
    let advice = "private_link_service_network_policies_enabled = false";
    assert!(said.to_string().contains(advice), "{said}");
}

#[tokio::test]
async fn what_met_another_change_is_asked_again() {
    let busy = |code| error("429 Too Many Requests", code, "busy");
    for code in ["AnotherOperationInProgress", "RetryableError"] {
        let server = Server::scripted(vec![
            Scripted("GET", "", not_found()),
            Scripted("PUT", "", busy(code)),
            Scripted("PUT", "", ok(&answered("Approved"))),
        ])
        .await;
        let services = server.clouds(2).private_services;
        services.create(&service()).await.unwrap();
    }
}

/// An endpoint whose address only its network interface knows.
fn plugged(dns: &str) -> String {
    let subnet = networked("virtualNetworks/net/subnets/own");
    let asked = of_others("privateLinkServices/api");
    let nic = networked("networkInterfaces/nic");
    format!(
        r#"{{"location":"westeurope","properties":{{"provisioningState":"Succeeded","subnet":{{"id":"{subnet}"}},"networkInterfaces":[{{"id":"{nic}"}}],"customDnsConfigs":[{dns}],
        "manualPrivateLinkServiceConnections":[{{"name":"one","properties":{{"privateLinkServiceId":"{asked}","groupIds":[],"privateLinkServiceConnectionState":{{"status":"Pending"}}}}}}]}}}}"#
    )
}

/// What Azure made is not lost because something else may not be read.
#[tokio::test]
async fn an_endpoint_is_made_where_its_interface_cannot_be_looked_at() {
    let denied = error("403 Forbidden", "AuthorizationFailed", "no");
    let server = Server::scripted(vec![
        Scripted("GET", "networkInterfaces", denied),
        Scripted("PUT", "", ok(&plugged(""))),
    ])
    .await;
    let endpoints = server.clouds(1).private_endpoints;
    let made = endpoints.create(&endpoint()).await.unwrap();
    assert_eq!((made.name.as_str(), made.addresses.len()), ("api", 0));
}

#[tokio::test]
async fn names_are_told_once_and_in_order() {
    let name =
        |name: &str| format!(r#"{{"fqdn":"{name}.example.com","ipAddresses":["10.0.2.9"]}}"#);
    let told = [name("b"), name("a"), name("b")].join(",");
    let zone = networked("privateDnsZones/example.com");
    let group = format!(
        r#"{{"value":[{{"name":"default","properties":{{"privateDnsZoneConfigs":[{{"name":"x","properties":{{"privateDnsZoneId":"{zone}","recordSets":[{{"fqdn":"b.example.com","ipAddresses":["10.0.2.9"]}}]}}}}]}}}}]}}"#
    );
    let server = Server::scripted(vec![
        Scripted("GET", "privateDnsZoneGroups", ok(&group)),
        Scripted("GET", "", ok(&plugged(&told))),
    ])
    .await;
    let endpoints = server.clouds(1).private_endpoints;
    let found = endpoints.get(&"api".parse().unwrap()).await.unwrap();
    let names = found
        .dns
        .iter()
        .map(|entry| (entry.name.as_str(), entry.zone.is_some()));
    let names: Vec<_> = names.collect();
    assert_eq!(names, [("a.example.com", false), ("b.example.com", true)]);
}

/// Azure repairs what a change left as failed by another one, wherever the object lies.
#[tokio::test]
async fn a_service_whose_last_change_failed_is_written_again() {
    let failed = answered("Approved").replacen("Succeeded", "Failed", 1);
    let failed = failed.replace(r#"{"id":"/x","#, r#"{"id":"/x","location":"northeurope","#);
    let server = Server::scripted(vec![
        Scripted("GET", "", ok(&failed)),
        Scripted("PUT", "", ok(&answered("Approved"))),
    ])
    .await;
    let services = server.clouds(1).private_services;
    let found = services.get(&"api".parse().unwrap()).await.unwrap();
    assert_eq!(found.state, ServiceState::Failed);
    services.configure(&found, &found.settings).await.unwrap();
    let requests = server.requests();
    let sent = requests.last().unwrap();
    assert!(sent.starts_with("PUT"), "{sent}");
    assert!(sent.contains(r#""location":"northeurope""#), "{sent}");
}

/// Whatever somebody else wrote into it, a service is read, and shown with it.
#[tokio::test]
async fn what_nobody_could_have_written_here_is_read() {
    let other = networked("loadBalancers/lb/frontendIPConfigurations/other");
    let frontend = networked("loadBalancers/lb/frontendIPConfigurations/api");
    let one = format!(r#"[{{"id":"{frontend}"}}]"#);
    let body = answered("Approved")
        .replace(
            &one,
            &format!(r#"[{{"id":"{frontend}"}},{{"id":"{other}"}}]"#),
        )
        .replace(r#""fqdns":[]"#, r#""fqdns":["*.example.com"]"#)
        .replace(
            r#""autoApproval":{"subscriptions":[]}"#,
            r#""autoApproval":{"subscriptions":["no one"]}"#,
        );
    let server = Server::scripted(vec![Scripted("", "", ok(&body))]).await;
    let services = server.clouds(1).private_services;
    let found = services.get(&"api".parse().unwrap()).await.unwrap();
    assert_eq!(
        found.foreign_load_balancers,
        [other.parse().unwrap()].into()
    );
    assert_eq!(found.foreign_principals, ["no one".to_owned()].into());
    services.configure(&found, &found.settings).await.unwrap();
    let requests = server.requests();
    let (_, sent) = requests.last().unwrap().split_once("\r\n\r\n").unwrap();
    assert!(sent.contains(&frontend) && !sent.contains(&other), "{sent}");
}

/// Two processes' worth of creates of one name: whoever comes second in the network sees the first one's.
#[tokio::test]
async fn a_create_looks_again_once_it_is_its_turn() {
    let made = std::sync::atomic::AtomicBool::new(false);
    let server = Server::choosing(move |request| {
        let made = |set: bool| {
            if set {
                made.store(true, std::sync::atomic::Ordering::SeqCst);
            }
            made.load(std::sync::atomic::Ordering::SeqCst)
        };
        if made(request.starts_with("PUT")) {
            ok(&answered("Approved"))
        } else {
            not_found()
        }
    })
    .await;
    let services = server.clouds(1).private_services;
    let new = service();
    let (one, other) = tokio::join!(services.create(&new), services.create(&new));
    let refused = one.and(other).unwrap_err();
    assert!(matches!(refused, Error::AlreadyExists(_)), "{refused}");
    assert_eq!(server.writes(), ["PUT /Network/privateLinkServices/api"]);
}

#[tokio::test]
async fn a_turn_is_waited_for_longer_than_elsewhere() {
    let clouds = Server::scripted(Vec::new()).await.clouds(1);
    let hour = std::time::Duration::from_hours(1);
    assert_eq!(clouds.private_services.patience(), hour);
    assert_eq!(clouds.private_endpoints.patience(), hour);
}

async fn of_service(change: impl Fn(&mut NewPrivateService)) -> Vec<Refusal> {
    let mut wanted = service();
    change(&mut wanted);
    let server = Server::scripted(Vec::new()).await;
    server.clouds(1).private_services.check(&wanted)
}

async fn of_endpoint(change: impl Fn(&mut NewPrivateEndpoint)) -> Vec<Refusal> {
    let mut wanted = endpoint();
    change(&mut wanted);
    let server = Server::scripted(Vec::new()).await;
    server.clouds(1).private_endpoints.check(&wanted)
}

#[track_caller]
fn refused(refusals: &[Refusal], field: &str, said: &str) {
    let [one] = refusals else {
        panic!("not one refusal: {refusals:?}")
    };
    assert_eq!(one.field, field, "{one}");
    assert!(one.reason.contains(said), "{one}");
}

#[tokio::test]
async fn what_azure_does_not_take_of_services() {
    assert_eq!(of_service(|_| ()).await, []);
    let balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9188";
    let other = of_service(|of| of.settings.load_balancer = balancer.parse().unwrap()).await;
    refused(&other, "load_balancer", "another cloud");
    let none = of_service(|of| of.settings.subnets.clear()).await;
    refused(&none, "subnets", "name one, not 0");
    let account = "arn:aws:iam::123456789012:root";
    let stranger = of_service(|of| of.settings.allowed = [account.parse().unwrap()].into()).await;
    refused(&stranger, "allowed", "the UUID of a subscription, or \"*\"");
    let limited = of_service(|of| of.settings.connection_limit = Some(3)).await;
    refused(&limited, "connection_limit", "leave it out");
    let nobody = of_service(|of| {
        of.settings.auto_accept = true;
        of.settings.allowed.clear();
    });
    refused(&nobody.await, "auto_accept", "allowed_principals");
    let asked = of_service(|of| of.settings.accepted = ["vpce-0abc0001".parse().unwrap()].into());
    refused(&asked.await, "accepted", "privateEndpoints");
}

#[tokio::test]
async fn what_azure_does_not_take_of_endpoints() {
    assert_eq!(of_endpoint(|_| ()).await, []);
    let other = of_endpoint(|of| of.service = "all-apis".parse().unwrap()).await;
    refused(&other, "service", "another cloud");
    let two = networked("virtualNetworks/net/subnets/two");
    let two = of_endpoint(|of| {
        of.settings.subnets.insert(two.parse().unwrap());
    });
    refused(&two.await, "subnets", "name one, not 2");
    let elsewhere = of_others("virtualNetworks/net/subnets/own");
    let elsewhere =
        of_endpoint(|of| of.settings.subnets = [elsewhere.parse().unwrap()].into()).await;
    refused(&elsewhere, "subnets", VENDOR);
    let parts = of_endpoint(|of| {
        of.sub_resources.insert("blob".to_owned());
    });
    refused(&parts.await, "sub_resources", "no parts");
    let alias = "api.8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11.westeurope.azure.privatelinkservice";
    let of_alias = of_endpoint(|of| {
        of.service = alias.parse().unwrap();
        of.sub_resources.insert("blob".to_owned());
    });
    refused(&of_alias.await, "sub_resources", "no parts");
    let account = GROUP.to_owned() + "/providers/Microsoft.Storage/storageAccounts/acme";
    let whole = of_endpoint(|of| {
        of.service = account.parse().unwrap();
        of.settings.request_message = None;
    });
    refused(&whole.await, "sub_resources", "one part");
    let told = of_endpoint(|of| {
        of.service = account.parse().unwrap();
        of.sub_resources.insert("blob".to_owned());
    });
    refused(&told.await, "request_message", "approved");
    let long = of_endpoint(|of| of.settings.request_message = Some("a".repeat(141))).await;
    refused(&long, "request_message", "140");
    let gateway = of_endpoint(|of| of.kind = EndpointType::Gateway).await;
    refused(&gateway, "kind", "interface");
    let groups =
        of_endpoint(|of| of.settings.security_groups = ["sg-0abc0001".parse().unwrap()].into());
    refused(&groups.await, "security_groups", "network security group");
    let names = of_endpoint(|of| of.settings.private_dns = true).await;
    refused(&names, "private_dns", "dns_zones");
    let fixed = of_endpoint(|of| of.address = "10.0.2.9".parse().ok()).await;
    refused(&fixed, "address", "addresses");
}
