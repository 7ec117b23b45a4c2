//! Changes of an endpoint where the order of the calls decides whether EC2 takes them.

use super::*;

/// Subnets of the zones that their last digits say: 1 and 3 are of one zone.
fn subnets(numbers: &[u8]) -> BTreeSet<clouds::private_services::SubnetId> {
    let subnet = |number| format!("subnet-0abc000{number}").parse().unwrap();
    numbers.iter().map(subnet).collect()
}

/// The changes of subnets that lead from some to others.
async fn changes(from: &[u8], to: &[u8]) -> Vec<Form> {
    let server = Server::choosing(|form, _| {
        let zones = [(1, "az1"), (2, "az2"), (3, "az1"), (4, "az4")];
        let item = |(number, zone)| {
            format!("<item><subnetId>subnet-0abc000{number}</subnetId><availabilityZoneId>{zone}</availabilityZoneId></item>")
        };
        let all: String = zones.map(item).concat();
        Ok(match form["Action"].as_str() {
            "DescribeSubnets" => format!("<subnetSet>{all}</subnetSet>"),
            _ => "<return>true</return>".to_owned(),
        })
    })
    .await;
    let endpoints = server.clouds(1).private_endpoints;
    let mut found = endpoint();
    found.settings.subnets = subnets(from);
    let wanted = EndpointSettings {
        subnets: subnets(to),
        ..found.settings.clone()
    };
    let mut changes = Vec::new();
    while found.settings != wanted {
        endpoints.configure(&found, &wanted).await.unwrap();
        let last = server.asked().pop().unwrap();
        assert_eq!(last["Action"], "ModifyVpcEndpoint");
        for (key, value) in &last {
            let subnet = || value.parse().unwrap();
            if key.starts_with("AddSubnetId") {
                found.settings.subnets.insert(subnet());
            } else if key.starts_with("RemoveSubnetId") {
                found.settings.subnets.remove(&subnet());
            }
        }
        changes.push(last);
    }
    changes
}

fn change(pairs: &[(&str, &str)]) -> Form {
    let always = [
        ("Action", "ModifyVpcEndpoint"),
        ("VpcEndpointId", "vpce-0abc0001"),
    ];
    form(&[&always, pairs].concat())
}

#[tokio::test]
async fn an_endpoint_stays_reachable_while_it_moves() {
    let steps = changes(&[1, 2], &[2, 4]).await;
    assert_eq!(
        steps,
        [
            change(&[("AddSubnetId.1", "subnet-0abc0004")]),
            change(&[("RemoveSubnetId.1", "subnet-0abc0001")]),
        ]
    );
}

/// EC2 takes one subnet per zone, also for a moment.
#[tokio::test]
async fn a_subnet_makes_way_for_another_of_its_zone() {
    let steps = changes(&[1, 2], &[2, 3]).await;
    assert_eq!(
        steps,
        [
            change(&[("RemoveSubnetId.1", "subnet-0abc0001")]),
            change(&[("AddSubnetId.1", "subnet-0abc0003")]),
        ]
    );
    let steps = changes(&[1], &[3]).await;
    assert_eq!(
        steps,
        [change(&[
            ("AddSubnetId.1", "subnet-0abc0003"),
            ("RemoveSubnetId.1", "subnet-0abc0001"),
        ])]
    );
    let steps = changes(&[1, 2], &[3, 4]).await;
    assert_eq!(steps.len(), 3);
}

const ENABLED: &str = "<enableDnsSupport><value>true</value></enableDnsSupport><enableDnsHostnames><value>true</value></enableDnsHostnames>";

/// A service of AWS's own in the words of EC2, once for each type of endpoints that it has.
fn described(service: &str, kinds: &[&str]) -> String {
    let item = |kind: &&str| {
        format!(
            "<item><serviceName>{service}</serviceName><serviceType><item><serviceType>{kind}</serviceType></item></serviceType><privateDnsName>x.amazonaws.com</privateDnsName><acceptanceRequired>false</acceptanceRequired><owner>amazon</owner></item>"
        )
    };
    let items: String = kinds.iter().map(item).collect();
    format!("<serviceDetailSet>{items}</serviceDetailSet>")
}

fn made(kind: &str, service: &str) -> String {
    format!(
        "<vpcEndpoint><vpcEndpointId>vpce-0abc0001</vpcEndpointId><vpcEndpointType>{kind}</vpcEndpointType><vpcId>vpc-0abc0001</vpcId><serviceName>{service}</serviceName><state>available</state></vpcEndpoint>"
    )
}

/// S3's names would lead to an interface only from outside the network, and EC2 would want a gateway in it.
#[tokio::test]
async fn names_of_a_service_with_gateways_lead_to_its_interface() {
    for (service, kinds, asked) in [
        (
            "com.amazonaws.eu-west-1.s3",
            &["Gateway", "Interface"][..],
            Some("false"),
        ),
        ("com.amazonaws.eu-west-1.sts", &["Interface"][..], None),
    ] {
        let server = Server::choosing(move |form, _| {
            Ok(match form["Action"].as_str() {
                "DescribeVpcEndpointServices" => described(service, kinds),
                "CreateVpcEndpoint" => made("Interface", service),
                _ => ENABLED.to_owned(),
            })
        })
        .await;
        let endpoints = server.clouds(1).private_endpoints;
        let mut new = new_endpoint();
        new.service = service.parse().unwrap();
        new.settings.private_dns = true;
        let made = endpoints.create(&new).await.unwrap();
        endpoints.configure(&made, &new.settings).await.unwrap();
        let mut on = made.clone();
        on.settings = new.settings.clone();
        on.settings.private_dns = false;
        endpoints.configure(&on, &new.settings).await.unwrap();
        let option = "DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint";
        let sent: Vec<_> = server
            .asked()
            .into_iter()
            .filter(|form| form.contains_key("PrivateDnsEnabled"))
            .collect();
        let actions: Vec<_> = sent.iter().map(|form| form["Action"].as_str()).collect();
        assert_eq!(actions, ["CreateVpcEndpoint", "ModifyVpcEndpoint"]);
        for form in &sent {
            assert_eq!(form.get(option).map(String::as_str), asked, "{form:?}");
        }
    }
}

/// Whoever may not look must not lose what was made.
#[tokio::test]
async fn nothing_is_looked_up_after_the_creating_call() {
    let service = "com.amazonaws.eu-west-1.s3";
    let server = Server::choosing(move |form, _| match form["Action"].as_str() {
        "DescribeVpcEndpointServices" => Ok(described(service, &["Gateway"])),
        "CreateVpcEndpoint" => Ok(made("Gateway", service)),
        "DescribePrefixLists" => Err((403, "UnauthorizedOperation", "You are not authorized.")),
        _ => Ok(String::new()),
    })
    .await;
    let mut new = new_endpoint();
    new.service = service.parse().unwrap();
    new.kind = EndpointType::Gateway;
    new.settings = EndpointSettings {
        route_tables: ["rtb-0abc0001".parse().unwrap()].into(),
        ..EndpointSettings::default()
    };
    let endpoints = server.clouds(1).private_endpoints;
    let made = endpoints.create(&new).await.unwrap();
    assert_eq!(made.id.as_str(), "vpce-0abc0001");
    assert_eq!(server.actions().last().unwrap(), "CreateVpcEndpoint");
    let denied = endpoints.get(&made.id).await;
    assert!(denied.is_err());
}
