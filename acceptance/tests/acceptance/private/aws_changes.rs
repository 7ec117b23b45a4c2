//! Changes in place on both sides, those that replace, and those that AWS refuses.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{ENDPOINT, SERVICE, Sides, assert_planned, text};

/// Zones, groups, tags and principals change without a new connection, one kind of change at a time.
#[test]
fn settings_change_in_place() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let (service, name) = sides.published("auto_accept = true")?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    vendor.terraform.apply()?;
    let id = text(&vendor.terraform.attributes(ENDPOINT)?["id"])?;

    let [_, second, third] = &vendor.network.subnets;
    let subnets = format!("[\"{second}\", \"{third}\"]");
    let tags = "tags = { team = \"data\" }";
    vendor.write(&vendor.endpoint_in(&name, &subnets, &vendor.network.groups[1], tags))?;
    assert_planned(&vendor.terraform, ENDPOINT, "update")?;
    sides.front.take_calls();
    vendor.terraform.apply_then_empty_plan()?;
    let calls = sides.front.take_calls();
    let modified: Vec<u16> = calls
        .iter()
        .filter(|call| call.operation == "ModifyVpcEndpoint")
        .map(|call| call.status)
        .collect();
    // AWS takes no change while another is being made.
    ensure!(
        modified.len() > 1 && modified.iter().all(|status| *status == 200),
        "{modified:?}"
    );
    let found = &vendor.endpoints()?[0];
    assert_eq!(found["VpcEndpointId"], id.as_str());
    let mut there: Vec<String> = serde_json::from_value(found["SubnetIds"].clone())?;
    let mut wanted = [second.clone(), third.clone()];
    there.sort();
    wanted.sort();
    assert_eq!(there, wanted);
    assert_eq!(
        found["Groups"][0]["GroupId"],
        vendor.network.groups[1].as_str()
    );
    let tag = json!({ "Key": "team", "Value": "data" }).to_string();
    ensure!(found["Tags"].to_string().contains(&tag), "{found}");

    let account = &vendor.account.id;
    customer.terraform.edit(
        "main.tf",
        "allowed_principals = [",
        &format!("allowed_principals = [\"arn:aws:iam::{account}:role/provision\", "),
    )?;
    customer.terraform.apply_then_empty_plan()?;
    // Somebody else's principal is shown, and taken away.
    let stranger =
        json!({ "ServiceId": service, "AddAllowedPrincipals": ["arn:aws:iam::999999999999:root"] });
    let modify = "modify_vpc_endpoint_service_permissions";
    customer.account.call("ec2", modify, &stranger)?;
    assert_planned(&customer.terraform, SERVICE, "update")?;
    customer.terraform.apply_then_empty_plan()?;
    let permissions = "describe_vpc_endpoint_service_permissions";
    let allowed = customer
        .account
        .call("ec2", permissions, &json!({ "ServiceId": service }))?;
    assert_eq!(
        allowed["AllowedPrincipals"].as_array().map(Vec::len),
        Some(2)
    );
    Ok(())
}

/// Another load balancer takes over where nobody is connected; with a connection, AWS's refusal is told.
#[test]
fn the_target_of_a_service_changes() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let (service, name) = sides.published("auto_accept = true")?;
    let balancer = |name: &str| customer.network.balancer(&customer.account, name);
    let written = text(&customer.terraform.attributes(SERVICE)?["load_balancer"])?;
    let (next, last) = (balancer("next")?, balancer("last")?);
    customer.terraform.edit("main.tf", &written, &next)?;
    assert_planned(&customer.terraform, SERVICE, "update")?;
    customer.terraform.apply_then_empty_plan()?;
    assert_eq!(
        customer.services()?[0]["NetworkLoadBalancerArns"],
        json!([next])
    );

    vendor.write(&vendor.endpoint(&name, ""))?;
    vendor.terraform.apply()?;
    customer.terraform.edit("main.tf", &next, &last)?;
    let said = customer.terraform.diagnostics("apply")?;
    let all = format!("{} {}", said[0].summary, said[0].detail);
    for part in ["ExistingVpcEndpointConnections", &service] {
        ensure!(all.contains(part), "no {part} in: {all}");
    }
    assert_eq!(customer.services()?[0]["ServiceId"], service.as_str());
    Ok(())
}

/// AWS's own services: an interface with its names, and a gateway with its routes and a policy.
#[test]
fn endpoints_of_the_clouds_own_services() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let vpc = &vendor.network.vpc;
    let table = vendor
        .account
        .call("ec2", "create_route_table", &json!({ "VpcId": vpc }))?;
    let table = text(&table["RouteTable"]["RouteTableId"])?;
    let gateway = format!(
        "resource \"dataplane_private_endpoint\" \"s3\" {{
  name         = \"s3\"
  service_name = \"com.amazonaws.eu-west-1.s3\"
  type         = \"gateway\"
  network      = \"{vpc}\"
  route_tables = [\"{table}\"]
  policy = jsonencode({{
    Version   = \"2012-10-17\"
    Statement = [{{ Effect = \"Allow\", Principal = \"*\", Action = \"s3:GetObject\", Resource = \"*\" }}]
  }})
}}
"
    );
    let own = vendor.endpoint("com.amazonaws.eu-west-1.sts", "");
    vendor.write(&format!("{own}{gateway}"))?;
    vendor.terraform.apply_then_empty_plan()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["private_dns_active"], true);
    ensure!(
        made["dns"]
            .to_string()
            .contains("\"sts.eu-west-1.amazonaws.com\""),
        "{made}"
    );
    let made = vendor
        .terraform
        .attributes("dataplane_private_endpoint.s3")?;
    ensure!(text(&made["prefix_list"])?.starts_with("pl-"), "{made}");
    let id = text(&made["id"])?;

    // By hand: everything is let through, and no route leads there.
    let open = json!({ "VpcEndpointId": id, "ResetPolicy": true, "RemoveRouteTableIds": [table] });
    vendor.account.call("ec2", "modify_vpc_endpoint", &open)?;
    assert_planned(&vendor.terraform, "dataplane_private_endpoint.s3", "update")?;
    vendor.terraform.apply_then_empty_plan()?;
    let wanted = json!({ "VpcEndpointIds": [id] });
    let found = vendor
        .account
        .call("ec2", "describe_vpc_endpoints", &wanted)?;
    let found = &found["VpcEndpoints"][0];
    assert_eq!(found["RouteTableIds"], json!([table]));
    ensure!(
        text(&found["PolicyDocument"])?.contains("s3:GetObject"),
        "{found}"
    );
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// AWS has one subnet per zone at any time, and S3's names lead to an interface only when that is asked for.
#[test]
fn a_subnet_is_exchanged_within_its_zone() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let [first, second, _] = &vendor.network.subnets;
    let other = json!({ "VpcId": vendor.network.vpc, "CidrBlock": "10.0.9.0/24", "AvailabilityZone": format!("{}a", vendor.account.region) });
    let other = vendor.account.call("ec2", "create_subnet", &other)?;
    let other = text(&other["Subnet"]["SubnetId"])?;
    let group = &vendor.network.groups[0];
    let within = |subnets: &[&String]| {
        let subnets = format!("{subnets:?}");
        vendor.write(&vendor.endpoint_in("com.amazonaws.eu-west-1.s3", &subnets, group, ""))
    };
    within(&[first, second])?;
    vendor.terraform.apply_then_empty_plan()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["private_dns_active"], true);
    for subnets in [&[&other, second][..], &[&other], &[first]] {
        within(subnets)?;
        assert_planned(&vendor.terraform, ENDPOINT, "update")?;
        vendor.terraform.apply_then_empty_plan()?;
        let found = vendor.endpoints()?;
        let mut there: Vec<String> = serde_json::from_value(found[0]["SubnetIds"].clone())?;
        let mut wanted: Vec<String> = subnets.iter().map(ToString::to_string).collect();
        there.sort();
        wanted.sort();
        assert_eq!(there, wanted);
        assert_eq!(found[0]["VpcEndpointId"], made["id"]);
    }
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// What somebody made by hand has no mark, and a tag `Name` of its own.
#[test]
fn an_endpoint_that_was_made_by_hand_is_taken_over() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let network = &vendor.network;
    let made = vendor.account.call(
        "ec2",
        "create_vpc_endpoint",
        &json!({
            "VpcEndpointType": "Interface",
            "VpcId": network.vpc,
            "ServiceName": "com.amazonaws.eu-west-1.sts",
            "SubnetIds": network.subnets[..2],
            "SecurityGroupIds": [network.groups[0]],
            "TagSpecifications": [{ "ResourceType": "vpc-endpoint", "Tags": [{ "Key": "Name", "Value": "STS of all" }] }],
        }),
    )?;
    let id = text(&made["VpcEndpoint"]["VpcEndpointId"])?;
    vendor.write(&format!(
        "import {{\n  to = {ENDPOINT}\n  id = \"{id}\"\n}}\n{}",
        vendor.endpoint("com.amazonaws.eu-west-1.sts", "")
    ))?;
    vendor.terraform.apply_then_empty_plan()?;
    let found = vendor.endpoints()?;
    assert_eq!((found.len(), &found[0]["VpcEndpointId"]), (1, &id.into()));
    let tag = json!({ "Key": "Name", "Value": "acme-api" }).to_string();
    ensure!(found[0]["Tags"].to_string().contains(&tag), "{}", found[0]);
    Ok(())
}
