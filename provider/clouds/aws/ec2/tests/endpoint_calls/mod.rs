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
