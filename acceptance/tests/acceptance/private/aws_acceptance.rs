//! Acceptance that comes late, early, or never.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{ENDPOINT, SERVICE, Sides, assert_planned, text};
use crate::faults::in_state;

/// Nobody accepts within the time: the endpoint stays, untainted, what depends on it is stopped by its postcondition, and the next
/// apply goes on with the same one.
#[test]
fn who_is_never_accepted_is_told_what_to_do() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let (service, name) = sides.published("")?;
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
        found.map(|found| format!("{}\n{}", found.summary, found.detail))
    };
    let id = customer.asked(&service)?;
    let (warning, error) = (of("warning"), of("error"));
    let warning = warning.with_context(|| format!("no warning in {said:?}"))?;
    for part in ["acme-api waits to be accepted", &id] {
        ensure!(warning.contains(part), "no {part} in: {warning}");
    }
    let error = error.context("the postcondition stops what depends")?;
    for part in [
        "accepted_connections",
        "accept-vpc-endpoint-connections",
        &id,
    ] {
        ensure!(error.contains(part), "no {part} in: {error}");
    }
    let (tainted, whole) = in_state(&vendor.terraform)?;
    ensure!(tainted.is_empty(), "tainted: {tainted:?}");
    assert_eq!(whole, [ENDPOINT.to_owned()].into());
    assert_eq!(
        vendor.terraform.attributes(ENDPOINT)?["state"],
        "pending_acceptance"
    );

    customer.answer("accept", &service, &id)?;
    vendor.terraform.apply_then_empty_plan()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["id"], id.as_str());
    assert_eq!(made["state"], "available");
    assert_eq!(vendor.endpoints()?.len(), 1);
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// Who does not wait is done at once; private names come with the apply after the acceptance.
#[test]
fn private_names_come_as_a_later_step() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let (service, name) = sides.published("private_dns_name = \"api.acme.example\"")?;
    customer.terraform.apply()?;
    let arguments = "private_dns         = true\n  wait_for_acceptance = false";
    vendor.write(&vendor.endpoint(&name, arguments))?;
    vendor.terraform.apply_then_empty_plan()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["state"], "pending_acceptance");
    assert_eq!(made["private_dns_active"], false);
    let id = text(&made["id"])?;

    customer.answer("accept", &service, &id)?;
    // Its owner looks until the connection is made.
    vendor.endpoints()?;
    vendor.endpoints()?;
    assert_planned(&vendor.terraform, ENDPOINT, "update")?;
    vendor.terraform.apply_then_empty_plan()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["private_dns_active"], true);
    assert_eq!(made["id"], id.as_str());
    assert_eq!(vendor.endpoints()?[0]["PrivateDnsEnabled"], true);
    Ok(())
}

/// An acceptance that was written before anybody asked is no error; it holds from the apply after the request.
#[test]
fn an_acceptance_can_be_written_first() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let nobody = "accepted_connections = [\"vpce-0123456789abcdef0\"]";
    let (service, name) = sides.published(nobody)?;
    customer
        .terraform
        .plan()?
        .assert_empty("the plan with an acceptance of nobody")?;
    let printed = customer.terraform.apply()?;
    ensure!(
        printed.contains("vpce-0123456789abcdef0") && printed.contains("Warning"),
        "{printed}"
    );

    vendor.write(&vendor.endpoint(&name, "wait_for_acceptance = false"))?;
    vendor.terraform.apply()?;
    let id = customer.asked(&service)?;
    customer
        .terraform
        .edit("main.tf", "vpce-0123456789abcdef0", &id)?;
    assert_planned(&customer.terraform, SERVICE, "update")?;
    customer.terraform.apply_then_empty_plan()?;
    let told = &customer.terraform.attributes(SERVICE)?["connections"];
    assert_eq!(told[0]["state"], "available");
    vendor.terraform.apply()?;
    assert_eq!(vendor.terraform.attributes(ENDPOINT)?["state"], "available");
    Ok(())
}

/// Ctrl-C ends the wait for somebody else's decision at once, and keeps what was asked for.
#[test]
fn an_interrupt_ends_the_wait_for_acceptance() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let (service, name) = sides.published("")?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    let mut applying = vendor.terraform.start_apply()?;
    let id = customer.asked_by(&mut applying, &service)?;
    // It waits by now, at the latest after the next look.
    vendor.endpoints()?;
    applying.interrupt()?;
    let started = Instant::now();
    applying.until_printed("Interrupt received", super::LIMIT)?;
    let (_, printed) = applying.finish(super::LIMIT)?;
    let took = started.elapsed();
    ensure!(took.as_secs() < 10, "it took {took:?}:\n{printed}");
    ensure!(!printed.contains("panic"), "{printed}");
    let (tainted, whole) = in_state(&vendor.terraform)?;
    assert_eq!(tainted.len() + whole.len(), 1, "{printed}");

    customer.answer("accept", &service, &id)?;
    vendor.terraform.apply_then_empty_plan()?;
    assert_eq!(vendor.endpoints()?.len(), 1);
    let kept = vendor.endpoints()?[0]["VpcEndpointId"] == json!(id);
    ensure!(kept || !tainted.is_empty(), "it was made anew");
    Ok(())
}
