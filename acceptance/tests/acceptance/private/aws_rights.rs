//! Whoever runs Terraform needs what `dataplane_permissions` prints for the two kinds, and no more.

use acceptance::aws::Account;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{LIMIT, Side, Sides, configured, service_of, text};
use crate::bench::OWNER;

/// The policy document that is printed for whoever manages these.
fn printed(side: &Side, resource: &str) -> Result<Value> {
    let wanted = format!(
        "data \"dataplane_permissions\" \"this\" {{}}\n\noutput \"document\" {{\n  value = data.dataplane_permissions.this.by_resource[\"{resource}\"]\n}}\n"
    );
    let terraform = configured(&side.account, &wanted)?;
    terraform.apply()?;
    Ok(serde_json::from_str(&text(
        &terraform.output("document")?,
    )?)?)
}

/// The same document without an action.
fn without(document: &Value, action: &str) -> Result<Value> {
    let text = document.to_string();
    let quoted = format!("\"{action}\"");
    ensure!(text.contains(&quoted), "no {action} in {document:#}");
    Ok(serde_json::from_str(
        &text.replace(&quoted, "\"ec2:Nothing\""),
    )?)
}

fn runner(side: &Side, resource: &str) -> Result<Account> {
    side.account.runner("runner", &printed(side, resource)?)
}

#[test]
fn what_is_printed_is_enough_for_both_sides() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let balancer = customer.network.balancer(&customer.account, "api")?;
    let allowed = format!("allowed_principals = [\"{}\"]", vendor.root());
    let publishing = configured(
        &runner(customer, "private_service")?,
        &service_of(&balancer, &allowed),
    )?;
    publishing.apply_then_empty_plan()?;
    let made = publishing.attributes(super::SERVICE)?;
    let (service, name) = (text(&made["id"])?, text(&made["service_name"])?);

    let connecting = configured(
        &runner(vendor, "private_endpoint")?,
        &vendor.endpoint(&name, ""),
    )?;
    let mut applying = connecting.start_apply()?;
    let id = customer.asked_by(&mut applying, &service)?;
    publishing.edit(
        "main.tf",
        &allowed,
        &format!("{allowed}\n  accepted_connections = [\"{id}\"]\n  tags = {{ team = \"data\" }}"),
    )?;
    publishing.apply_then_empty_plan()?;
    let (succeeded, said) = applying.finish(LIMIT)?;
    ensure!(succeeded, "{said}");
    let [first, _, third] = &vendor.network.subnets;
    let changed = vendor.endpoint_in(
        &name,
        &format!("[\"{first}\", \"{third}\"]"),
        &vendor.network.groups[1],
        "tags = { team = \"data\" }",
    );
    connecting.write("main.tf", &changed)?;
    connecting.apply_then_empty_plan()?;
    connecting.destroy()?;
    publishing.destroy()?;
    customer.assert_nothing_left()?;
    vendor.assert_nothing_left()
}

#[test]
fn a_missing_right_is_named() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let name = vendor.account.ec2().offer(false, &[])?;
    let own = "com.amazonaws.eu-west-1.sts";
    let document = printed(vendor, "private_endpoint")?;
    for (runner, name, action) in [
        ("one", name.as_str(), "ec2:CreateVpcEndpoint"),
        ("two", &name, "ec2:DescribeVpcEndpointServices"),
        // What AWS asks for beside it where private names are switched on.
        ("three", own, "route53:AssociateVPCWithHostedZone"),
        ("four", own, "ec2:DescribeVpcs"),
    ] {
        let account = vendor
            .account
            .runner(runner, &without(&document, action)?)?;
        let terraform = configured(&account, &vendor.endpoint(name, ""))?;
        let said = terraform.diagnostics("apply")?;
        let all = format!("{} {}", said[0].summary, said[0].detail);
        for part in [action, "UnauthorizedOperation"] {
            ensure!(all.contains(part), "no {part} in: {all}");
        }
    }
    vendor.assert_nothing_left()
}

/// The mark says whose something is: whoever could put it on what is another's could then change and delete that.
#[test]
fn what_is_anothers_is_neither_marked_nor_deleted() -> Result<()> {
    let sides = Sides::new()?;
    let Side {
        account, network, ..
    } = &sides.vendor;
    let offered = account.ec2().offer(false, &[])?;
    let [subnet, ..] = &network.subnets;
    let wanted = json!({
        "VpcEndpointType": "Interface", "VpcId": network.vpc, "ServiceName": offered, "SubnetIds": [subnet],
        "TagSpecifications": [{ "ResourceType": "vpc-endpoint", "Tags": [{ "Key": "team", "Value": "another" }] }],
    });
    let made = account.call("ec2", "create_vpc_endpoint", &wanted)?;
    let endpoint = text(&made["VpcEndpoint"]["VpcEndpointId"])?;
    let balancer = network.balancer(account, "another")?;
    let wanted = json!({ "NetworkLoadBalancerArns": [balancer] });
    let operation = "create_vpc_endpoint_service_configuration";
    let made = account.call("ec2", operation, &wanted)?;
    let service = text(&made["ServiceConfiguration"]["ServiceId"])?;

    let of_services = runner(&sides.vendor, "private_service")?;
    let document = printed(&sides.vendor, "private_endpoint")?;
    let of_endpoints = account.runner("endpoints", &document)?;
    for (runner, id, delete, parameter) in [
        (
            &of_endpoints,
            &endpoint,
            "delete_vpc_endpoints",
            "VpcEndpointIds",
        ),
        (
            &of_services,
            &service,
            "delete_vpc_endpoint_service_configurations",
            "ServiceIds",
        ),
    ] {
        let mark = |owner: &str| {
            let mark = json!([{ "Key": "dataplane:owner", "Value": owner }]);
            json!({ "Resources": [id], "Tags": mark })
        };
        let theirs = json!({ "Resources": [id], "Tags": [{ "Key": "team" }] });
        let tag = json!({ "Resources": [id], "Tags": [{ "Key": "team", "Value": "data" }] });
        let gone = json!({ parameter: [id] });
        let refused = |operation: &str, parameters: &Value| {
            let code = runner.refused("ec2", operation, parameters)?;
            ensure!(code == "UnauthorizedOperation", "{operation} {id}: {code}");
            anyhow::Ok(())
        };
        for owner in [None, Some("another")] {
            if let Some(owner) = owner {
                account.call("ec2", "create_tags", &mark(owner))?;
            }
            for (operation, parameters) in [
                ("create_tags", &mark(OWNER)),
                ("create_tags", &tag),
                ("delete_tags", &theirs),
                (delete, &gone),
            ] {
                refused(operation, parameters)?;
            }
        }
        // Once it bears the runner's own mark, it is the runner's, and stays so.
        account.call("ec2", "create_tags", &mark(OWNER))?;
        refused("create_tags", &mark("another"))?;
        runner.call("ec2", "create_tags", &tag)?;
        let gone = runner.call("ec2", delete, &gone)?;
        ensure!(gone["Unsuccessful"] == json!([]), "{gone}");
    }
    sides.vendor.until_deleted()?;
    sides.vendor.assert_nothing_left()
}
