//! The conformance suites against the stand-in for EC2: moto with what it lacks of private connectivity (`acceptance/ec2`).
//!
//! `make emulators` starts it and says which variables to set; without them these tests fail.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod emulator;

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::buckets::{BucketId, Protection};
use clouds::clusters::ClusterId;
use clouds::conformance::{self, Environment, Names, Stranger};
use clouds::private_endpoints::{EndpointSettings, EndpointType, NewPrivateEndpoint};
use clouds::private_services::{
    ConnectionState, NewPrivateService, ServiceSettings, VerificationState,
};
use clouds::registries::RegistryName;
use clouds::roles::{ForeignPolicy, RoleName, Trust};
use clouds::{Error, Tags};
use emulator::{Account, REGION};
use serde_json::json;

/// Nobody else touches anything that these suites are not about.
struct Nobody;

#[async_trait]
impl Stranger for Nobody {
    async fn fill_bucket(&self, _: &BucketId, _: usize) {}

    async fn open_bucket(&self, _: &BucketId) -> BTreeSet<Protection> {
        BTreeSet::new()
    }

    async fn widen_role(&self, _: &RoleName) -> BTreeSet<ForeignPolicy> {
        BTreeSet::new()
    }

    async fn push_image(&self, _: &RegistryName) {}
}

fn environment(account: &Account) -> Environment {
    let before = format!("arn:aws:iam::{}", account.number);
    Environment {
        run: "run".into(),
        account: account.clouds().account,
        cluster: ClusterId::Eks {
            name: "conformance".parse().unwrap(),
            region: None,
        },
        trust: Trust::Irsa {
            provider: format!("{before}:oidc-provider/issuer.example.com/run")
                .parse()
                .unwrap(),
        },
        boundary: None,
        kms_key: "alias/acme".parse().unwrap(),
        names: Names::PLAIN,
        capabilities: [BTreeSet::new(), BTreeSet::new()],
        statements: |_| Vec::new(),
        stranger: Box::new(Nobody),
    }
}

async fn nothing_was_undocumented(account: &Account) {
    let violations = account.control("GET", "violations", json!({})).await;
    assert_eq!(violations, json!([]));
}

#[tokio::test]
async fn private_services() {
    let account = Account::new().await;
    let (services, environment) = (account.clouds().private_services, environment(&account));
    let connectivity = account.connectivity().await;
    conformance::private_services::suite(&*services, &environment, &connectivity).await;
    conformance::private_services::verification(&*services, &environment, &connectivity).await;
    nothing_was_undocumented(&account).await;
}

#[tokio::test]
async fn private_endpoints() {
    let account = Account::new().await;
    let (endpoints, environment) = (account.clouds().private_endpoints, environment(&account));
    let connectivity = account.connectivity().await;
    conformance::private_endpoints::suite(&*endpoints, &environment, &connectivity).await;
    conformance::private_endpoints::named(&*endpoints, &environment, &connectivity).await;
    nothing_was_undocumented(&account).await;
}

/// What only interfaces or only gateways have, in one network.
#[tokio::test]
async fn what_guards_an_endpoint_and_what_leads_to_it() {
    let account = Account::new().await;
    let (endpoints, environment) = (account.clouds().private_endpoints, environment(&account));
    let connectivity = account.connectivity().await;
    let vpc = connectivity.network.as_ref().unwrap().as_str();
    let group = [
        ("VpcId", vpc),
        ("GroupName", "other"),
        ("GroupDescription", "other"),
    ];
    let group = account.ec2("CreateSecurityGroup", &group).await;
    let group = emulator::text(&group, "groupId").parse().unwrap();
    let nothing =
        r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let nothing = nothing.parse().unwrap();
    conformance::private_endpoints::guarded(
        &*endpoints,
        &environment,
        &connectivity,
        &group,
        &nothing,
    )
    .await;

    let mut tables = Vec::new();
    for _ in 0..2 {
        let made = account.ec2("CreateRouteTable", &[("VpcId", vpc)]).await;
        tables.push(emulator::text(&made, "routeTableId").parse().unwrap());
    }
    for service in ["s3", "dynamodb"] {
        let service = format!("com.amazonaws.{REGION}.{service}").parse().unwrap();
        let tables = tables.clone().try_into().unwrap();
        conformance::private_endpoints::gateway(
            &*endpoints,
            &environment,
            &connectivity,
            &service,
            &tables,
        )
        .await;
    }
    nothing_was_undocumented(&account).await;
}

/// What takes time is waited for, and lists are read to their end.
#[tokio::test]
async fn slowly_and_page_by_page() {
    let account = Account::new().await;
    let (clouds, environment) = (account.clouds(), environment(&account));
    let connectivity = account.connectivity().await;
    account
        .settings(json!({ "servicePolls": 3, "endpointPolls": 3, "page": 1 }))
        .await;
    conformance::private_services::principals(
        &*clouds.private_services,
        &environment,
        &connectivity,
    )
    .await;
    conformance::private_services::settings(&*clouds.private_services, &environment, &connectivity)
        .await;
    conformance::private_endpoints::settings(
        &*clouds.private_endpoints,
        &environment,
        &connectivity,
    )
    .await;
}

fn gateway(network: &emulator::Network, table: &str) -> NewPrivateEndpoint {
    NewPrivateEndpoint {
        name: "gateway".parse().unwrap(),
        service: format!("com.amazonaws.{REGION}.s3").parse().unwrap(),
        kind: EndpointType::Gateway,
        network: network.vpc.parse().ok(),
        address: None,
        sub_resources: BTreeSet::new(),
        settings: EndpointSettings {
            route_tables: [table.parse().unwrap()].into(),
            policy: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}"#.parse().ok(),
            ..EndpointSettings::default()
        },
        tags: Tags::new(),
    }
}

#[tokio::test]
async fn a_gateway_is_reached_by_routes() {
    let account = Account::new().await;
    // S3 is offered as interface and as gateway: on two pages here.
    account.settings(json!({ "page": 1 })).await;
    let network = account.network().await;
    let mut tables = Vec::new();
    for _ in 0..2 {
        let made = account
            .ec2("CreateRouteTable", &[("VpcId", network.vpc.as_str())])
            .await;
        tables.push(emulator::text(&made, "routeTableId"));
    }
    let endpoints = account.clouds().private_endpoints;
    let new = gateway(&network, &tables[0]);
    assert_eq!(endpoints.check(&new), []);
    let made = endpoints.create(&new).await.unwrap();
    let found = endpoints.get(&made.id).await.unwrap();
    // The creating call does not tell its prefix list, and no look goes with it that could fail.
    assert_eq!((made.state, made.prefix_list), (found.state, None));
    assert_eq!(
        (found.state, found.kind),
        (ConnectionState::Available, EndpointType::Gateway)
    );
    assert_eq!(found.settings, new.settings);
    assert!(
        found
            .prefix_list
            .as_deref()
            .is_some_and(|list| list.starts_with("pl-")),
        "{found:?}"
    );

    let wanted = EndpointSettings {
        route_tables: [tables[1].parse().unwrap()].into(),
        policy: endpoints.defaults(&new.service, new.kind).policy,
        ..EndpointSettings::default()
    };
    for _ in 0..2 {
        let found = endpoints.get(&made.id).await.unwrap();
        endpoints.configure(&found, &wanted).await.unwrap();
    }
    assert_eq!(endpoints.get(&made.id).await.unwrap().settings, wanted);
    endpoints.delete(&made.id).await.unwrap();
}

/// Refused before anything is made.
#[tokio::test]
async fn an_endpoint_that_cannot_be_there() {
    let account = Account::new().await;
    let network = account.network().await;
    let offer = account
        .control(
            "POST",
            "offers",
            json!({ "acceptance": false, "zones": ["euw1-az1"], "owner": "999999999999" }),
        )
        .await;
    let endpoints = account.clouds().private_endpoints;
    let mut new = NewPrivateEndpoint {
        service: offer["serviceName"].as_str().unwrap().parse().unwrap(),
        kind: EndpointType::Interface,
        settings: EndpointSettings {
            subnets: [network.subnets[0].parse().unwrap()].into(),
            security_groups: [network.security_group.parse().unwrap()].into(),
            ..EndpointSettings::default()
        },
        ..gateway(&network, "rtb-0abc1234")
    };
    let said = |new: NewPrivateEndpoint| {
        let endpoints = endpoints.clone();
        async move {
            let refused = endpoints.create(&new).await.unwrap_err();
            assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
            refused.to_string()
        }
    };
    let zone = said(new.clone()).await;
    assert!(
        zone.contains("where com.amazonaws.vpce")
            && zone.contains("it is in euw1-az1. Leave that subnet out"),
        "{zone}"
    );

    new.settings.subnets = [network.subnets[1].parse().unwrap()].into();
    new.settings.private_dns = true;
    let name = said(new.clone()).await;
    assert!(
        name.contains("has no private DNS name: set private_dns = false"),
        "{name}"
    );

    new.service = format!("com.amazonaws.{REGION}.sts").parse().unwrap();
    let off = [
        ("VpcId", network.vpc.as_str()),
        ("EnableDnsHostnames.Value", "false"),
    ];
    account.ec2("ModifyVpcAttribute", &off).await;
    let dns = said(new.clone()).await;
    assert!(
        dns.contains(
            "and enableDnsHostnames is off: switch it on in that VPC, or set private_dns = false"
        ),
        "{dns}"
    );

    new.settings.private_dns = false;
    let range = [
        ("VpcId", network.vpc.as_str()),
        ("CidrBlock", "10.0.3.0/24"),
        ("AvailabilityZone", "eu-west-1b"),
    ];
    let third = account.ec2("CreateSubnet", &range).await;
    new.settings
        .subnets
        .insert(emulator::text(&third, "subnetId").parse().unwrap());
    let twice = said(new.clone()).await;
    assert!(
        twice.contains("lie in the same zone: an endpoint takes one subnet per zone"),
        "{twice}"
    );

    new.network = account.network().await.vpc.parse().ok();
    let elsewhere = said(new.clone()).await;
    assert!(elsewhere.contains("is a subnet of vpc-"), "{elsewhere}");

    new.service = format!("com.amazonaws.vpce.{REGION}.vpce-svc-0abc1234")
        .parse()
        .unwrap();
    let unknown = endpoints.service(&new.service, new.kind).await.unwrap_err();
    assert!(matches!(unknown, Error::NotFound(_)), "{unknown:?}");
    assert!(
        unknown
            .to_string()
            .contains("its owner must allow it (`allowed_principals`)"),
        "{unknown}"
    );
    let listed = account.ec2("DescribeVpcEndpoints", &[]).await;
    assert!(!listed.contains("vpce-"), "{listed}");
}

#[tokio::test]
async fn a_private_name_is_proved() {
    let account = Account::new().await;
    let connectivity = account.connectivity().await;
    let services = account.clouds().private_services;
    let new = NewPrivateService {
        name: "named".parse().unwrap(),
        settings: ServiceSettings {
            load_balancer: connectivity.load_balancers[0].clone(),
            subnets: BTreeSet::new(),
            allowed: BTreeSet::new(),
            auto_accept: false,
            accepted: BTreeSet::new(),
            rejected: BTreeSet::new(),
            connection_limit: None,
            private_dns_name: "api.example.com".parse().ok(),
        },
        tags: Tags::new(),
    };
    let made = services.create(&new).await.unwrap();
    let found = services.get(&made.id).await.unwrap();
    let asked = found.verification.as_ref().unwrap();
    assert_eq!(
        (asked.state, asked.kind.as_str()),
        (VerificationState::Pending, "TXT")
    );
    assert!(
        asked.name.starts_with('_') && asked.value.starts_with("vpce:"),
        "{asked:?}"
    );
    services.verify(&found).await.unwrap();
    let found = services.get(&made.id).await.unwrap();
    assert_eq!(
        found.verification.map(|proof| proof.state),
        Some(VerificationState::Verified)
    );
    services.delete(&made.id).await.unwrap();
}

/// Who is connected keeps a service from leaving its load balancer, in words.
#[tokio::test]
async fn a_load_balancer_in_use() {
    let account = Account::new().await;
    let (services, environment) = (account.clouds().private_services, environment(&account));
    let connectivity = account.connectivity().await;
    let new = NewPrivateService {
        name: environment.name("busy"),
        settings: ServiceSettings {
            load_balancer: connectivity.load_balancers[0].clone(),
            subnets: BTreeSet::new(),
            allowed: [connectivity.principals[0].clone()].into(),
            auto_accept: true,
            accepted: BTreeSet::new(),
            rejected: BTreeSet::new(),
            connection_limit: None,
            private_dns_name: None,
        },
        tags: Tags::new(),
    };
    let made = services.create(&new).await.unwrap();
    let found = services.get(&made.id).await.unwrap();
    services.configure(&found, &new.settings).await.unwrap();
    connectivity.counterpart.ask(&made).await;
    let found = services.get(&made.id).await.unwrap();
    let wanted = ServiceSettings {
        load_balancer: connectivity.load_balancers[1].clone(),
        ..found.settings.clone()
    };
    let refused = services.configure(&found, &wanted).await.unwrap_err();
    assert!(matches!(refused, Error::NotEmpty(_)), "{refused:?}");
    assert!(
        refused.to_string().contains("Reject the connections first"),
        "{refused}"
    );
}
