//! The whole life: published, asked for, accepted, looked at, taken in, destroyed; and who is not let in.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{ENDPOINT, LIMIT, SERVICE, Side, Sides, text};
use crate::{faults::in_state, google::bench::REGION};

/// One apply of the vendor's asks, waits until the customer's apply accepts, and ends.
#[test]
fn both_sides_of_a_connection() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let name = sides.published("")?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    let applying = vendor.terraform.start_apply()?;
    let id = customer.asked()?;
    sides.accept(&id)?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(succeeded, "{printed}");
    for side in [vendor, customer] {
        side.terraform.plan()?.assert_empty("the plan")?;
        let refreshed = side.terraform.plan_refresh_only()?;
        refreshed.assert_empty("the refresh")?;
    }

    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["id"], "acme-api");
    assert_eq!(made["connection_id"], id.as_str());
    assert_eq!(made["state"], "available");
    assert_eq!(made["private_dns_active"], true);
    assert_eq!(made["addresses"], json!(["10.7.0.2"]));
    vendor.assert_one_endpoint()?;
    let told = &customer.terraform.attributes(SERVICE)?["connections"][0];
    assert_eq!(told["id"], id.as_str());
    assert_eq!(told["owner"], vendor.project.id.as_str());
    assert_eq!(told["state"], "available");
    let described = customer.project.owner().gcloud(&[
        "compute",
        "service-attachments",
        "describe",
        "acme-api",
        &format!("--region={REGION}"),
        "--format=value(connectionPreference,connectedEndpoints[0].status)",
    ])?;
    assert_eq!(described.trim(), "ACCEPT_MANUAL\tACCEPTED");

    taken_in(vendor, ENDPOINT)?;
    taken_in(customer, SERVICE)?;

    let refused = format!("{:#}", customer.terraform.destroy().expect_err("in use"));
    for part in ["is in use", id.as_str(), vendor.project.id.as_str()] {
        ensure!(refused.contains(part), "no {part} in: {refused}");
    }
    customer.attachment()?;
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()?;
    customer.terraform.destroy()?;
    customer.assert_nothing_left()
}

/// Forgotten and imported: then nothing of the cloud's is to be changed.
fn taken_in(side: &Side, address: &str) -> Result<()> {
    side.terraform.succeed(&["state", "rm", address])?;
    side.terraform.import(address, "acme-api")?;
    side.terraform
        .plan()?
        .assert_empty("the plan after an import")
}

/// Named projects are let in without being asked about; others wait. Against its users, a service goes when that is said.
#[test]
fn named_projects_are_let_in_at_once_and_strangers_wait() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let name = sides.published(&sides.named("connection_limit = 2"))?;
    customer
        .terraform
        .plan()?
        .assert_empty("the customer's plan")?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    vendor.terraform.apply_then_empty_plan()?;
    assert_eq!(vendor.terraform.attributes(ENDPOINT)?["state"], "available");

    let stranger = sides.stranger()?;
    stranger.write(&stranger.endpoint(&name, "wait_for_acceptance = false"))?;
    stranger.terraform.apply_then_empty_plan()?;
    let made = stranger.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["state"], "pending_acceptance");
    assert_eq!(made["private_dns_active"], false);
    let remedy = text(&made["remedy"])?;
    for part in [customer.project.id.as_str(), "accepted_connections"] {
        ensure!(remedy.contains(part), "no {part} in: {remedy}");
    }
    stranger.terraform.destroy()?;
    stranger.assert_nothing_left()?;

    let force = sides.named("connection_limit = 2\n  force_destroy = true");
    customer.write(&customer.service(&force))?;
    customer.terraform.apply()?;
    customer.terraform.destroy()?;
    customer.assert_nothing_left()?;
    let drift = vendor.terraform.plan_refresh_only()?.drift();
    assert_eq!(drift[0].0, ENDPOINT);
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// Nobody accepts within the time: the endpoint stays, untainted, what depends on it is stopped by its postcondition, and the next
/// apply goes on with the same one.
#[test]
fn who_is_never_accepted_is_told_what_to_do() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let name = sides.published("")?;
    let condition = "timeouts = { create = \"3s\", update = \"60s\" }
  lifecycle {
    postcondition {
      condition     = self.state == \"available\"
      error_message = coalesce(self.remedy, \"not available yet\")
    }
  }";
    vendor.write(&format!(
        "{}resource \"terraform_data\" \"dependent\" {{\n  input = dataplane_private_endpoint.api.addresses\n}}\n",
        vendor.endpoint(&name, condition)
    ))?;
    let said = vendor.terraform.diagnostics("apply")?;
    let of = |severity: &str| {
        let found = said.iter().find(|found| found.severity == severity);
        let found = found.with_context(|| format!("no {severity} in {said:?}"))?;
        anyhow::Ok(format!("{}\n{}", found.summary, found.detail))
    };
    let id = customer.asked()?;
    let (warning, error) = (of("warning")?, of("error")?);
    for part in ["acme-api waits to be accepted", &id] {
        ensure!(warning.contains(part), "no {part} in: {warning}");
    }
    for part in ["accepted_connections", &id, &customer.project.id] {
        ensure!(error.contains(part), "no {part} in: {error}");
    }
    let (tainted, whole) = in_state(&vendor.terraform)?;
    ensure!(tainted.is_empty(), "tainted: {tainted:?}");
    assert_eq!(whole, [ENDPOINT.to_owned()].into());

    sides.accept(&id)?;
    vendor.terraform.apply_then_empty_plan()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["state"], "available");
    vendor.assert_one_endpoint()?;
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// An endpoint of Google's own interfaces has nobody to be accepted by.
#[test]
fn googles_own_interfaces_are_reached_at_once() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    vendor.write(&format!(
        "resource \"dataplane_private_endpoint\" \"api\" {{
  name         = \"googleapis\"
  service_name = \"all-apis\"
  network      = \"projects/{}/global/networks/main\"
  address      = \"10.100.0.1\"
}}
",
        vendor.project.id
    ))?;
    vendor.terraform.apply_then_empty_plan()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["state"], "available");
    assert_eq!(made["private_dns"], false);
    assert_eq!(made["addresses"], json!(["10.100.0.1"]));
    vendor.terraform.succeed(&["state", "rm", ENDPOINT])?;
    vendor.terraform.import(ENDPOINT, "googleapis")?;
    vendor
        .terraform
        .plan()?
        .assert_empty("the plan after an import")?;
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}
