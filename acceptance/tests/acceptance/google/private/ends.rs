//! Connections that come to an end: rejected, cut off, with their service gone. Each is shown as drift with what to do.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{ENDPOINT, SERVICE, Sides, assert_planned, text};

/// Rejected by hand: both sides show it, the customer's apply lets it in again, and the vendor's goes on with the same endpoint.
#[test]
fn a_rejected_connection_is_shown_and_comes_back() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let name = sides.published("")?;
    vendor.write(&vendor.endpoint(
        &name,
        "wait_for_acceptance = false\n  timeouts = { update = \"3s\" }",
    ))?;
    vendor.terraform.apply()?;
    let id = customer.asked()?;
    sides.accept(&id)?;
    vendor.terraform.apply_then_empty_plan()?;

    let url = format!("https://www.googleapis.com/compute/v1/{id}");
    customer.patch(json!({ "consumerAcceptLists": [], "consumerRejectLists": [url] }))?;
    let plan = vendor.terraform.plan_refresh_only()?;
    assert_eq!(plan.drift()[0].0, ENDPOINT);
    let told = &plan.json["resource_drift"][0]["change"]["after"];
    assert_eq!(told["state"], "rejected");
    let remedy = text(&told["remedy"])?;
    ensure!(remedy.contains("rejected"), "{remedy}");
    assert_planned(&customer.terraform, SERVICE, "update")?;
    customer.terraform.apply_then_empty_plan()?;
    vendor.terraform.apply_then_empty_plan()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["state"], "available");
    vendor.assert_one_endpoint()
}

/// The customer makes the service anew under its name: the old connection is closed for good, and the vendor's apply makes another.
#[test]
fn a_service_that_is_made_anew_is_connected_anew() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let force = sides.named("force_destroy = true");
    let name = sides.published(&force)?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    vendor.terraform.apply()?;
    let replace = format!("-replace={SERVICE}");
    let again = ["apply", "-input=false", "-auto-approve", replace.as_str()];
    customer.terraform.succeed(&again)?;
    let plan = vendor.terraform.plan()?;
    let told = &plan.json["resource_drift"][0]["change"]["after"];
    assert_eq!(told["state"], "closed");
    let remedy = text(&told["remedy"])?;
    ensure!(remedy.contains("gone"), "{remedy}");
    assert_planned(&vendor.terraform, ENDPOINT, "delete create")?;
    vendor.terraform.apply_then_empty_plan()?;
    assert_eq!(vendor.terraform.attributes(ENDPOINT)?["state"], "available");
    vendor.assert_one_endpoint()?;
    vendor.terraform.destroy()?;
    customer.terraform.destroy()?;
    customer.assert_nothing_left()
}

/// What Google says needs attention is shown, and is no other endpoint's task.
#[test]
fn a_connection_that_needs_attention_says_who_has_to_look() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let name = sides.open()?;
    vendor.write(&vendor.endpoint(&name, "timeouts = { update = \"3s\" }"))?;
    vendor.terraform.apply()?;
    vendor
        .project
        .set_connection("acme-api", "NEEDS_ATTENTION")?;
    let plan = vendor.terraform.plan_refresh_only()?;
    let told = &plan.json["resource_drift"][0]["change"]["after"];
    assert_eq!(told["state"], "partial");
    let remedy = text(&told["remedy"])?;
    ensure!(remedy.contains("ask the owner"), "{remedy}");
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// Somebody lets in everybody: it is shown as somebody who is not expected, and the next apply ends it.
#[test]
fn who_is_let_in_by_hand_is_shown_and_taken_out() -> Result<()> {
    let sides = Sides::new()?;
    let customer = &sides.customer;
    sides.published("")?;
    customer.patch(json!({ "connectionPreference": "ACCEPT_AUTOMATIC" }))?;
    let plan = customer.terraform.plan()?;
    let told = &plan.json["resource_drift"][0]["change"]["after"];
    assert_eq!(told["unexpected_principals"], json!(["*"]));
    customer.terraform.apply_then_empty_plan()?;
    let found = customer.attachment()?;
    assert_eq!(found["connectionPreference"], "ACCEPT_MANUAL");
    customer.terraform.destroy()?;
    customer.assert_nothing_left()
}
