//! Connections that nobody lets in, or that somebody ends.

use anyhow::{Context as _, Result, ensure};

use super::{API, ENDPOINT, SERVICE, Sides, assert_planned};
use crate::faults::in_state;

/// Nobody accepts within the time: the endpoint stays, untainted, what depends on it is stopped by its postcondition, and the next
/// apply goes on with the same one.
#[test]
fn who_is_never_accepted_is_told_what_to_do() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let service = sides.published("")?;
    let condition = "timeouts = { create = \"3s\", update = \"60s\" }
  lifecycle {
    postcondition {
      condition     = self.state == \"available\"
      error_message = coalesce(self.remedy, \"not available yet\")
    }
  }";
    vendor.write(&vendor.endpoint(&service, condition))?;
    let said = vendor.terraform.diagnostics("apply")?;
    let of = |severity: &str| {
        let found = said.iter().find(|found| found.severity == severity);
        found.map(|found| format!("{}\n{}", found.summary, found.detail))
    };
    let endpoint = customer.subscription.asked(API)?;
    let warning = of("warning").with_context(|| format!("no warning in {said:?}"))?;
    ensure!(warning.contains("waits to be accepted"), "{warning}");
    let error = of("error").context("the postcondition stops what depends")?;
    for part in [
        "accepted_connections",
        "az network private-endpoint-connection approve",
        &endpoint,
        &customer.subscription.id,
    ] {
        ensure!(error.contains(part), "no {part} in: {error}");
    }
    let (tainted, whole) = in_state(&vendor.terraform)?;
    ensure!(tainted.is_empty(), "tainted: {tainted:?}");
    assert_eq!(whole, [ENDPOINT.to_owned()].into());
    assert_eq!(vendor.state_of(ENDPOINT)?, "pending_acceptance");

    customer.subscription.answer(API, &endpoint, "Approved")?;
    vendor.terraform.apply_then_empty_plan()?;
    assert_eq!(vendor.state_of(ENDPOINT)?, "available");
    assert_eq!(customer.subscription.connections(API)?.len(), 1);
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// Rejected by hand, both sides see it, and the owner's next apply lets in again who is on his list.
#[test]
fn who_is_rejected_by_hand_is_let_in_again() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let service = sides.published("")?;
    vendor.write(&vendor.endpoint(&service, "timeouts = { update = \"3s\" }"))?;
    let endpoint = sides.connected()?;
    let accepted = format!("accepted_connections = [\"{endpoint}\"]");
    sides.published(&accepted)?;

    customer.subscription.answer(API, &endpoint, "Rejected")?;
    assert_planned(&vendor.terraform, ENDPOINT, &["update"])?;
    assert_planned(&customer.terraform, SERVICE, &["update"])?;
    vendor.terraform.apply()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["state"], "rejected");
    let remedy = made["remedy"].as_str().context("a remedy")?;
    ensure!(
        remedy.contains("rejected") && remedy.contains("by hand"),
        "{remedy}"
    );

    customer.terraform.apply_then_empty_plan()?;
    vendor.terraform.apply_then_empty_plan()?;
    assert_eq!(vendor.state_of(ENDPOINT)?, "available");
    assert_eq!(customer.subscription.connections(API)?.len(), 1);
    Ok(())
}

/// The service is gone and made anew: what led to it is made anew as well, and accepted once more.
#[test]
fn what_led_to_a_service_that_is_gone_is_made_anew() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let service = sides.published("force_destroy = true")?;
    vendor.write(&vendor.endpoint(&service, ""))?;
    sides.connected()?;
    customer.terraform.destroy()?;
    customer.assert_nothing_left()?;
    let refreshed = vendor.terraform.plan_refresh_only()?.drift();
    ensure!(!refreshed.is_empty(), "nobody sees that it is closed");
    assert_planned(&vendor.terraform, ENDPOINT, &["delete", "create"])?;

    sides.published("")?;
    sides.connected()?;
    assert_eq!(vendor.state_of(ENDPOINT)?, "available");
    vendor
        .terraform
        .plan()?
        .assert_empty("the plan of what was made anew")?;
    assert_eq!(vendor.subscription.listed("privateEndpoints")?, [API]);
    assert_eq!(customer.subscription.connections(API)?.len(), 1);
    Ok(())
}
