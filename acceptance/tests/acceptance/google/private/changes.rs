//! What changes in place, and what takes another object.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{ENDPOINT, SERVICE, Sides, assert_planned, at, text};

/// The load balancer, the subnets and the lists of a service that is in use.
#[test]
fn a_service_changes_in_place() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let name = sides.open()?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    vendor.terraform.apply()?;
    let id = customer.attachment()?["id"].clone();

    let balancers = ["one", "two"].map(|name| at(&customer.project, "forwardingRules", name));
    customer
        .terraform
        .edit("main.tf", &balancers[0], &balancers[1])?;
    let nat = at(&customer.project, "subnetworks", "nat");
    let both = format!("{nat}\", \"{nat}-two");
    customer.terraform.edit("main.tf", &nat, &both)?;
    customer.terraform.edit(
        "main.tf",
        "auto_accept",
        "connection_limit = 3\n  auto_accept",
    )?;
    assert_planned(&customer.terraform, SERVICE, "update")?;
    customer.project.take_calls()?;
    customer.terraform.apply_then_empty_plan()?;
    let calls = customer.project.take_calls()?;
    let patch = "compute.serviceAttachments.patch";
    let patches = calls.iter().filter(|call| call.method == patch);
    assert_eq!(patches.count(), 1, "one call says all: {calls:#?}");
    let found = customer.attachment()?;
    assert_eq!(found["id"], id);
    assert_eq!(found["natSubnets"].as_array().map(Vec::len), Some(2));
    ensure!(
        found["targetService"].to_string().ends_with("/two\""),
        "{found}"
    );
    assert_eq!(found["consumerAcceptLists"][0]["connectionLimit"], 3);
    vendor.terraform.plan()?.assert_empty("the vendor's plan")?;

    let named = "private_dns_name = \"api.acme.example\"\n  auto_accept";
    customer.terraform.edit("main.tf", "auto_accept", named)?;
    assert_planned(&customer.terraform, SERVICE, "delete create")
}

/// Global access and tags in place; another subnet, or another answer about DNS, is another endpoint.
#[test]
fn an_endpoint_changes_in_place_where_google_lets_it() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let name = sides.open()?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    vendor.terraform.apply()?;
    let rule = || {
        vendor.compute(
            "forwardingRules.get",
            json!({ "forwardingRule": "acme-api" }),
        )
    };
    let id = rule()?["id"].clone();
    vendor.write(&vendor.endpoint(&name, "global_access = true\n  tags = { team = \"ml\" }"))?;
    assert_planned(&vendor.terraform, ENDPOINT, "update")?;
    vendor.terraform.apply_then_empty_plan()?;
    let found = rule()?;
    assert_eq!(
        (&found["id"], &found["allowPscGlobalAccess"]),
        (&id, &json!(true))
    );
    assert_eq!(found["labels"]["team"], "ml");
    let address = vendor.compute("addresses.get", json!({ "address": "acme-api" }))?;
    assert_eq!(address["labels"]["team"], "ml");

    let one = at(&vendor.project, "subnetworks", "one");
    let two = at(&vendor.project, "subnetworks", "two");
    vendor.terraform.edit("main.tf", &one, &two)?;
    assert_planned(&vendor.terraform, ENDPOINT, "delete create")?;
    vendor.terraform.apply_then_empty_plan()?;
    let found = rule()?;
    assert_eq!(found["IPAddress"], "10.7.1.2");
    vendor.assert_one_endpoint()?;
    vendor.write(
        &vendor
            .endpoint(&name, "private_dns = false")
            .replace(&one, &two),
    )?;
    assert_planned(&vendor.terraform, ENDPOINT, "delete create")?;
    vendor.terraform.apply_then_empty_plan()?;
    // Google tells it nobody; that it was sent is for the tests of the cloud's own.
    let found = rule()?;
    let kept = text(&found["description"])?;
    ensure!(kept.contains("private-dns=false"), "{found}");
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// Several endpoints in one subnet at once, each with an address of its own.
#[test]
fn several_endpoints_at_once() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let name = sides.open()?;
    let four = vendor
        .endpoint(&name, "")
        .replace("\"acme-api\"", "each.key")
        .replace(
            "{\n  name",
            "{\n  for_each = toset([\"a\", \"b\", \"c\", \"d\"])\n  name",
        );
    vendor.write(&four)?;
    vendor.terraform.apply_then_empty_plan()?;
    assert_eq!(vendor.inventory()?.len(), 8);
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}
