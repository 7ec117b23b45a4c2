//! The whole life: published, asked for, accepted, looked at, changed, taken in, destroyed; and who is not let in.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{ENDPOINT, LIMIT, SERVICE, Side, Sides, assert_planned, text};

/// One apply of the vendor's asks, waits until the customer's apply accepts, and ends with addresses and names.
#[test]
fn both_sides_of_a_connection() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let (service, name) = sides.published("private_dns_name = \"api.acme.example\"")?;
    // The record can be written only now; the next apply lets AWS look for it.
    assert_planned(&customer.terraform, SERVICE, "update")?;
    customer.terraform.apply_then_empty_plan()?;
    let verified = &customer.terraform.attributes(SERVICE)?["verification"];
    assert_eq!(verified["state"], "verified");

    vendor.write(&vendor.endpoint(&name, "private_dns = true"))?;
    let mut applying = vendor.terraform.start_apply()?;
    let id = customer.asked_by(&mut applying, &service)?;
    customer.terraform.edit(
        "main.tf",
        "private_dns_name",
        &format!("accepted_connections = [\"{id}\"]\n  private_dns_name"),
    )?;
    customer.terraform.apply()?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(succeeded, "{printed}");
    // Only now: while private DNS is switched on, the connection is pending again.
    customer
        .terraform
        .plan()?
        .assert_empty("the customer's plan")?;
    vendor.terraform.plan()?.assert_empty("the vendor's plan")?;
    vendor
        .terraform
        .plan_refresh_only()?
        .assert_empty("the vendor's refresh")?;

    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["id"], id.as_str());
    assert_eq!(made["connection_id"], id.as_str());
    assert_eq!(made["state"], "available");
    assert_eq!(made["private_dns_active"], true);
    assert_eq!(made["addresses"].as_array().map(Vec::len), Some(2));
    let first = text(&made["dns"][0]["name"])?;
    ensure!(
        first.starts_with(&id) && first.contains("vpce-svc-"),
        "{first}"
    );
    ensure!(
        made["dns"].to_string().contains("\"api.acme.example\""),
        "{made}"
    );
    let told = &customer.terraform.attributes(SERVICE)?["connections"][0];
    assert_eq!(told["id"], id.as_str());
    assert_eq!(told["owner"], vendor.account.id.as_str());
    assert_eq!(told["state"], "available");

    taken_in(vendor, ENDPOINT, &id)?;
    taken_in(customer, SERVICE, &service)?;

    let refused = format!("{:#}", customer.terraform.destroy().expect_err("in use"));
    ensure!(
        refused.contains("is in use") && refused.contains(&id),
        "{refused}"
    );
    ensure!(refused.contains(&vendor.account.id), "{refused}");
    assert_eq!(customer.services()?.len(), 1);
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()?;
    customer.terraform.destroy()?;
    customer.assert_nothing_left()
}

/// Forgotten and imported: then nothing is to be done.
fn taken_in(side: &Side, address: &str, id: &str) -> Result<()> {
    side.terraform.succeed(&["state", "rm", address])?;
    side.terraform.import(address, id)?;
    side.terraform
        .plan()?
        .assert_empty("the plan after an import")
}

/// Named principals are let in without being asked about; nobody else knows of the service, and whoever is in stays in when its
/// name is taken away.
#[test]
fn named_principals_are_let_in_at_once_and_strangers_are_not() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let (_, name) = sides.published("auto_accept = true")?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    vendor.terraform.apply_then_empty_plan()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["state"], "available");

    let stranger = Side::new(&sides.front)?;
    stranger.write(&stranger.endpoint(&name, ""))?;
    stranger.terraform.init()?;
    let said = stranger.terraform.diagnostics("apply")?;
    let all = format!("{} {}", said[0].summary, said[0].detail);
    for part in [name.as_str(), "allowed_principals"] {
        ensure!(all.contains(part), "no {part} in: {all}");
    }
    stranger.assert_nothing_left()?;

    let allowed = format!("[\"{}\"]", vendor.root());
    let role = format!(
        "[\"arn:aws:iam::{}:role/somebody-else\"]",
        vendor.account.id
    );
    customer.terraform.edit("main.tf", &allowed, &role)?;
    customer.terraform.apply_then_empty_plan()?;
    vendor
        .terraform
        .plan()?
        .assert_empty("the plan of who is connected")?;
    let another =
        json!({ "VpcEndpointType": "Interface", "VpcId": vendor.network.vpc, "ServiceName": name });
    let refused = vendor
        .account
        .refused("ec2", "create_vpc_endpoint", &another)?;
    assert_eq!(refused, "InvalidServiceName");

    // Against its users, a service goes when that is said.
    customer.terraform.edit(
        "main.tf",
        "auto_accept = true",
        "auto_accept   = true\n  force_destroy = true",
    )?;
    customer.terraform.apply()?;
    customer.terraform.destroy()?;
    customer.assert_nothing_left()?;
    let left = vendor.terraform.plan()?.drift();
    assert_eq!(left[0].0, ENDPOINT);
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// Four endpoints in one network at once: none hinders another.
#[test]
fn several_endpoints_at_once() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let name = vendor.account.ec2().offer(false, &[])?;
    let four = vendor
        .endpoint(&name, "")
        .replace("\"acme-api\"", "each.key")
        .replace(
            "{\n  name",
            "{\n  for_each = toset([\"a\", \"b\", \"c\", \"d\"])\n  name",
        );
    vendor.write(&four)?;
    vendor.terraform.apply_then_empty_plan()?;
    let names: Vec<_> = vendor
        .endpoints()?
        .iter()
        .map(|found| found["Tags"].to_string())
        .collect();
    assert_eq!(names.len(), 4);
    for name in ["a", "b", "c", "d"] {
        let tag = json!({ "Key": "Name", "Value": name }).to_string();
        ensure!(names.iter().any(|tags| tags.contains(&tag)), "{names:?}");
    }
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}
