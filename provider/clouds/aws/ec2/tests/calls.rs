//! Which calls are made, in which order and with what in them; and what answers mean that no emulator gives.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod endpoint_calls;
mod server;
mod service_calls;

use std::collections::BTreeSet;

use clouds::private_endpoints::{
    EndpointSettings, EndpointType, NewPrivateEndpoint, PrivateEndpoint,
};
use clouds::private_services::{
    Answer, ConnectionState, NewPrivateService, PrivateService, ServiceSettings, ServiceState,
};
use clouds::tags::{OWNER, RESOURCE};
use clouds::{Error, Tags};
use server::{Form, Server};

const ONE: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/one/50dc6c495c0c9188";
const TWO: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/two/50dc6c495c0c9188";
const SERVICE: &str = "<serviceConfigurationSet><item><serviceId>vpce-svc-0abc0001</serviceId><serviceName>com.amazonaws.vpce.eu-west-1.vpce-svc-0abc0001</serviceName><serviceState>Available</serviceState><acceptanceRequired>true</acceptanceRequired><networkLoadBalancerArnSet><item>arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/one/50dc6c495c0c9188</item></networkLoadBalancerArnSet></item></serviceConfigurationSet>";

fn marks() -> Tags {
    let resource = "dataplane_private_service/acme";
    Tags::from([
        (OWNER.into(), "acme-prod".into()),
        (RESOURCE.into(), resource.into()),
    ])
}

fn settings() -> ServiceSettings {
    ServiceSettings {
        load_balancer: ONE.parse().unwrap(),
        subnets: BTreeSet::new(),
        allowed: ["arn:aws:iam::111122223333:root".parse().unwrap()].into(),
        auto_accept: false,
        accepted: BTreeSet::new(),
        rejected: BTreeSet::new(),
        connection_limit: None,
        private_dns_name: None,
    }
}

fn service() -> PrivateService {
    PrivateService {
        id: "vpce-svc-0abc0001".parse().unwrap(),
        name: "acme".parse().unwrap(),
        service_name: "com.amazonaws.vpce.eu-west-1.vpce-svc-0abc0001".into(),
        alias: None,
        state: ServiceState::Available,
        settings: settings(),
        foreign_principals: BTreeSet::new(),
        foreign_load_balancers: BTreeSet::new(),
        connections: Vec::new(),
        zones: BTreeSet::new(),
        verification: None,
        tags: marks(),
    }
}

fn new_service() -> NewPrivateService {
    NewPrivateService {
        name: "acme".parse().unwrap(),
        settings: settings(),
        tags: marks(),
    }
}

fn endpoint() -> PrivateEndpoint {
    PrivateEndpoint {
        id: "vpce-0abc0001".parse().unwrap(),
        name: "acme".parse().unwrap(),
        service: "com.amazonaws.eu-west-1.sts".parse().unwrap(),
        kind: EndpointType::Interface,
        network: "vpc-0abc0001".parse().ok(),
        address: None,
        sub_resources: BTreeSet::new(),
        connection: "vpce-0abc0001".parse().unwrap(),
        state: ConnectionState::Available,
        reason: None,
        settings: EndpointSettings {
            subnets: ["subnet-0abc0001".parse().unwrap()].into(),
            security_groups: ["sg-0abc0001".parse().unwrap()].into(),
            policy: full_access(),
            ..EndpointSettings::default()
        },
        private_dns_active: false,
        addresses: Vec::new(),
        dns: Vec::new(),
        prefix_list: None,
        untold: &[],
        tags: marks(),
    }
}

fn full_access() -> Option<clouds::policies::PolicyDocument> {
    r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#
        .parse()
        .ok()
}

fn new_endpoint() -> NewPrivateEndpoint {
    let PrivateEndpoint {
        name,
        service,
        kind,
        network,
        settings,
        tags,
        ..
    } = endpoint();
    NewPrivateEndpoint {
        name,
        service,
        kind,
        network,
        address: None,
        sub_resources: BTreeSet::new(),
        settings,
        tags,
    }
}

fn form(pairs: &[(&str, &str)]) -> Form {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn what_is_as_it_should_be_is_left_alone() {
    let server = Server::agreeing().await;
    let clouds = server.clouds(1);
    let (service, endpoint) = (service(), endpoint());
    clouds
        .private_services
        .configure(&service, &service.settings)
        .await
        .unwrap();
    clouds
        .private_services
        .set_tags(&service, &service.tags)
        .await
        .unwrap();
    // No policy is the one that EC2 gives.
    let wanted = EndpointSettings {
        policy: None,
        ..endpoint.settings.clone()
    };
    clouds
        .private_endpoints
        .configure(&endpoint, &wanted)
        .await
        .unwrap();
    clouds
        .private_endpoints
        .set_tags(&endpoint, &endpoint.tags)
        .await
        .unwrap();
    assert_eq!(server.asked(), Vec::<Form>::new());
}

#[tokio::test]
async fn nobody_is_let_in_unasked_while_a_service_changes() {
    let other = "arn:aws:iam::999999999999:role/vendor".parse().unwrap();
    for (now, wanted, order) in [
        (
            false,
            true,
            [
                "ModifyVpcEndpointServicePermissions",
                "ModifyVpcEndpointServiceConfiguration",
            ],
        ),
        (
            true,
            false,
            [
                "ModifyVpcEndpointServiceConfiguration",
                "ModifyVpcEndpointServicePermissions",
            ],
        ),
    ] {
        let server = Server::agreeing().await;
        let mut found = service();
        found.settings.auto_accept = now;
        let wanted = ServiceSettings {
            auto_accept: wanted,
            allowed: [Clone::clone(&other)].into(),
            load_balancer: TWO.parse().unwrap(),
            private_dns_name: "api.example.com".parse().ok(),
            ..settings()
        };
        server
            .clouds(1)
            .private_services
            .configure(&found, &wanted)
            .await
            .unwrap();
        assert_eq!(server.actions(), order);
        let asked = server.asked();
        let of = |action: &str| asked.iter().find(|form| form["Action"] == action).unwrap();
        assert_eq!(
            *of("ModifyVpcEndpointServicePermissions"),
            form(&[
                ("Action", "ModifyVpcEndpointServicePermissions"),
                ("ServiceId", "vpce-svc-0abc0001"),
                (
                    "AddAllowedPrincipals.1",
                    "arn:aws:iam::999999999999:role/vendor"
                ),
                (
                    "RemoveAllowedPrincipals.1",
                    "arn:aws:iam::111122223333:root"
                ),
            ])
        );
        assert_eq!(
            *of("ModifyVpcEndpointServiceConfiguration"),
            form(&[
                ("Action", "ModifyVpcEndpointServiceConfiguration"),
                ("ServiceId", "vpce-svc-0abc0001"),
                ("AcceptanceRequired", if now { "true" } else { "false" }),
                ("AddNetworkLoadBalancerArn.1", TWO),
                ("RemoveNetworkLoadBalancerArn.1", ONE),
                ("PrivateDnsName", "api.example.com"),
            ])
        );
    }
}

#[tokio::test]
async fn an_endpoint_takes_one_kind_of_change_at_a_time() {
    let mut found = endpoint();
    let wanted = EndpointSettings {
        subnets: ["subnet-0abc0002".parse().unwrap()].into(),
        security_groups: ["sg-0abc0002".parse().unwrap()].into(),
        policy: r#"{"Statement":[]}"#.parse().ok(),
        private_dns: true,
        ..EndpointSettings::default()
    };
    let enabled = "<enableDnsSupport><value>true</value></enableDnsSupport><enableDnsHostnames><value>true</value></enableDnsHostnames>";
    let server = Server::choosing(move |_, _| Ok(enabled.into())).await;
    let clouds = server.clouds(1);
    let mut seen = 0;
    let mut steps = Vec::new();
    for step in 0..5 {
        clouds
            .private_endpoints
            .configure(&found, &wanted)
            .await
            .unwrap();
        let asked = server.asked();
        let changes = asked[seen..]
            .iter()
            .filter(|form| form["Action"] == "ModifyVpcEndpoint");
        let keys = changes.map(|form| {
            form.keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        });
        steps.extend(keys);
        seen = asked.len();
        let settings = &mut found.settings;
        match step {
            0 => {
                settings.subnets.insert("subnet-0abc0002".parse().unwrap());
            }
            1 => settings.subnets.clone_from(&wanted.subnets),
            2 => settings.security_groups.clone_from(&wanted.security_groups),
            3 => settings.policy.clone_from(&wanted.policy),
            _ => settings.private_dns = true,
        }
    }
    assert_eq!(
        steps,
        [
            "Action AddSubnetId.1 VpcEndpointId",
            "Action RemoveSubnetId.1 VpcEndpointId",
            "Action AddSecurityGroupId.1 RemoveSecurityGroupId.1 VpcEndpointId",
            "Action PolicyDocument VpcEndpointId",
            "Action PrivateDnsEnabled VpcEndpointId",
        ]
    );
    found.settings.policy = r#"{"Statement":[]}"#.parse().ok();
    let wanted = EndpointSettings {
        policy: full_access(),
        ..found.settings.clone()
    };
    clouds
        .private_endpoints
        .configure(&found, &wanted)
        .await
        .unwrap();
    assert_eq!(server.asked().last().unwrap()["ResetPolicy"], "true");
}

#[tokio::test]
async fn a_creation_that_is_repeated_is_one() {
    let server = Server::choosing(|form, nth| match form["Action"].as_str() {
        "CreateVpcEndpointServiceConfiguration" if nth == 1 => Err((503, "Unavailable", "later")),
        "CreateVpcEndpointServiceConfiguration" => Ok(SERVICE
            .replace("serviceConfigurationSet", "serviceConfiguration")
            .replace("<serviceConfiguration><item>", "<serviceConfiguration>")
            .replace("</item></serviceConfiguration>", "</serviceConfiguration>")),
        _ => Ok(String::new()),
    })
    .await;
    let made = server
        .clouds(3)
        .private_services
        .create(&new_service())
        .await
        .unwrap();
    assert_eq!(made.id.as_str(), "vpce-svc-0abc0001");
    let [looked, first, second] = &server.asked()[..] else {
        panic!("{:?}", server.actions())
    };
    assert_eq!(looked["Filter.1.Name"], "tag:dataplane:owner");
    assert_eq!(first["ClientToken"], second["ClientToken"]);
    assert_eq!(first["ClientToken"].len(), 32);
    let tags: BTreeSet<_> = (1..=3)
        .map(|n| first[&format!("TagSpecification.1.Tag.{n}.Key")].as_str())
        .collect();
    assert_eq!(tags, ["Name", OWNER, RESOURCE].into());
    assert_eq!(
        first["TagSpecification.1.ResourceType"],
        "vpc-endpoint-service"
    );
}

#[tokio::test]
async fn what_bears_the_marks_is_not_made_twice() {
    let tags = "<tagSet><item><key>dataplane:owner</key><value>acme-prod</value></item><item><key>dataplane:resource</key><value>dataplane_private_service/acme</value></item></tagSet>";
    let one = |id: &str, state: &str, tags: &str| {
        format!("<item><vpcEndpointId>{id}</vpcEndpointId><state>{state}</state>{tags}</item>")
    };
    let set = |items: &[String]| format!("<vpcEndpointSet>{}</vpcEndpointSet>", items.concat());

    let all = set(&[
        one("vpce-0abc0001", "available", tags),
        one("vpce-0abc0002", "deleting", tags),
        one("vpce-0abc0003", "deleted", tags),
        one("vpce-0abc0004", "available", ""),
    ]);
    let server = Server::choosing(move |_, _| Ok(all.clone())).await;
    let taken = server
        .clouds(1)
        .private_endpoints
        .create(&new_endpoint())
        .await
        .unwrap_err();
    assert!(matches!(taken, Error::AlreadyExists(_)), "{taken:?}");
    assert!(
        taken.to_string().contains("vpce-0abc0001 bears the marks"),
        "{taken}"
    );
    assert_eq!(server.actions(), ["DescribeVpcEndpoints"]);

    let two = set(&[
        one("vpce-0abc0001", "available", tags),
        one("vpce-0abc0005", "rejected", tags),
    ]);
    let server = Server::choosing(move |_, _| Ok(two.clone())).await;
    let said = server
        .clouds(1)
        .private_endpoints
        .find(&new_endpoint())
        .await
        .unwrap_err();
    assert!(matches!(said, Error::Invalid(_)), "{said:?}");
    assert!(
        said.to_string()
            .contains("vpce-0abc0001 and vpce-0abc0005 bear the same marks"),
        "{said}"
    );
}

/// A success as a whole that names what failed.
#[tokio::test]
async fn failures_inside_a_success() {
    let failing = |code: &'static str| {
        Server::choosing(move |_, _| {
            let error = format!("<error><code>{code}</code><message>No.</message></error>");
            Ok(format!(
                "<unsuccessful><item>{error}<resourceId>x</resourceId></item></unsuccessful>"
            ))
        })
    };
    let service = service();
    let connection = "vpce-0abc0009".parse().unwrap();

    let server = failing("ExistingVpcEndpointConnections").await;
    let services = server.clouds(1).private_services;
    let said = services.delete(&service.id).await.unwrap_err();
    assert!(matches!(said, Error::NotEmpty(_)), "{said:?}");
    assert!(
        said.to_string()
            .starts_with("ec2:DeleteVpcEndpointServiceConfigurations on vpce-svc-0abc0001"),
        "{said}"
    );

    let server = failing("InvalidVpcEndpoint.NotFound").await;
    let clouds = server.clouds(1);
    for answer in [Answer::Accept, Answer::Reject] {
        let said = clouds
            .private_services
            .answer(&service, &connection, answer)
            .await
            .unwrap_err();
        assert!(matches!(said, Error::NotFound(_)), "{said:?}");
        // By which AWS's support finds the call.
        assert!(said.to_string().contains("request id r-ec2"), "{said}");
    }
    let said = clouds
        .private_endpoints
        .delete(&endpoint().id)
        .await
        .unwrap_err();
    assert!(matches!(said, Error::NotFound(_)), "{said:?}");
    assert_eq!(
        server.actions(),
        [
            "AcceptVpcEndpointConnections",
            "RejectVpcEndpointConnections",
            "DeleteVpcEndpoints"
        ]
    );
}

#[tokio::test]
async fn an_id_that_ec2_never_gave_is_nothing() {
    let server = Server::agreeing().await;
    let clouds = server.clouds(1);
    let gone = clouds.private_services.get(&"acme".parse().unwrap()).await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    let gone = clouds
        .private_endpoints
        .get(&"vpce-svc-0abc0001".parse().unwrap())
        .await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    assert_eq!(server.actions(), Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_understood_is_said() {
    let described = |form: &Form, state: &str, principal: &str| match form["Action"].as_str() {
        "DescribeVpcEndpointServiceConfigurations" => SERVICE.to_owned(),
        "DescribeVpcEndpointServicePermissions" => format!(
            "<allowedPrincipals><item><principal>{principal}</principal></item></allowedPrincipals>"
        ),
        _ => format!(
            "<vpcEndpointConnectionSet><item><vpcEndpointId>vpce-0abc0009</vpcEndpointId><vpcEndpointOwner>111122223333</vpcEndpointOwner><vpcEndpointState>{state}</vpcEndpointState></item></vpcEndpointConnectionSet>"
        ),
    };
    let id = service().id;
    let server =
        Server::choosing(move |form, _| Ok(described(form, "pendingAcceptance", "*"))).await;
    let found = server.clouds(1).private_services.get(&id).await.unwrap();
    assert_eq!(
        found.connections[0].state,
        ConnectionState::PendingAcceptance
    );
    assert_eq!(
        (found.name.as_str(), found.tags.len()),
        ("vpce-svc-0abc0001", 0)
    );

    let server = Server::choosing(move |form, _| Ok(described(form, "hibernating", "*"))).await;
    let said = server
        .clouds(1)
        .private_services
        .get(&id)
        .await
        .unwrap_err();
    assert!(
        matches!(said, Error::Invalid(_)) && said.to_string().contains("hibernating"),
        "{said}"
    );
}

#[tokio::test]
async fn a_denial_of_ec2_says_what_is_missing() {
    let words = "You are not authorized to perform this operation. User: arn:aws:iam::1:user/ci is not authorized to perform: ec2:DescribeVpcEndpoints on resource: * because no identity-based policy allows the ec2:DescribeVpcEndpoints action";
    let server = Server::choosing(move |_, _| Err((403, "UnauthorizedOperation", words))).await;
    let denied = server
        .clouds(1)
        .private_endpoints
        .get(&endpoint().id)
        .await
        .unwrap_err();
    assert!(
        matches!(&denied, Error::Denied { action, .. } if action == "ec2:DescribeVpcEndpoints"),
        "{denied:?}"
    );
    assert!(denied.to_string().contains("request id r-ec2"), "{denied}");
}

#[tokio::test]
async fn who_has_to_let_an_endpoint_in() {
    let server = Server::agreeing().await;
    let endpoints = server.clouds(1).private_endpoints;
    let mut endpoint = endpoint();
    endpoint.service = "com.amazonaws.vpce.eu-west-1.vpce-svc-0abc0001"
        .parse()
        .unwrap();
    let said = endpoints.acceptance(&endpoint);
    assert!(
        said.contains(
            "--region eu-west-1 --service-id vpce-svc-0abc0001 --vpc-endpoint-ids vpce-0abc0001`"
        ),
        "{said}"
    );
}
