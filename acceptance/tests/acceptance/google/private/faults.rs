//! Google answers wrongly or never, Terraform is interrupted or killed. Then apply again: everything is there once, and whole.

use std::time::Instant;

use acceptance::{
    google::{Answer, Fault},
    wait,
};
use anyhow::{Result, ensure};

use super::{ENDPOINT, LIMIT, SERVICE, Side, Sides, assert_planned};
use crate::faults::in_state;

const PUBLISH: &str = "compute.serviceAttachments.insert";
const RESERVE: &str = "compute.addresses.insert";
const CONNECT: &str = "compute.forwardingRules.insert";
const LOOK: &str = "compute.forwardingRules.get";
const RELEASE: &str = "compute.addresses.delete";
const LABEL: &str = "compute.forwardingRules.setLabels";

fn fault(side: &Side, method: &'static str, answer: Answer) -> Result<()> {
    let calls = 0..1;
    side.project.fault(&Fault {
        method,
        calls,
        answer,
    })
}

/// What goes wrong once does not show, whichever call it meets.
#[test]
fn a_call_that_fails_once_is_made_again() -> Result<()> {
    for answer in [
        Answer::Lost,
        Answer::Unavailable,
        Answer::Throttled { retry_after: 1 },
    ] {
        let sides = Sides::new()?;
        let (customer, vendor) = (&sides.customer, &sides.vendor);
        fault(customer, PUBLISH, answer.clone())?;
        let name = sides.open()?;
        customer
            .terraform
            .plan()?
            .assert_empty("the customer's plan")?;
        for method in [RESERVE, CONNECT, LABEL] {
            fault(vendor, method, answer.clone())?;
        }
        vendor.write(&vendor.endpoint(&name, ""))?;
        vendor.terraform.apply_then_empty_plan()?;
        vendor.assert_one_endpoint()?;
        vendor.project.clear_faults()?;
        vendor.terraform.destroy()?;
        vendor.assert_nothing_left()?;
    }
    Ok(())
}

/// Killed while a call is held: the next apply goes on with what there is.
#[test]
fn a_killed_apply_is_continued() -> Result<()> {
    for method in [RESERVE, CONNECT, LABEL] {
        let sides = Sides::new()?;
        let vendor = &sides.vendor;
        let name = sides.open()?;
        vendor.write(&vendor.endpoint(&name, ""))?;
        killed_at(vendor, method)?;
        vendor.terraform.apply_then_empty_plan()?;
        vendor.assert_one_endpoint()?;
        vendor.terraform.destroy()?;
        vendor.assert_nothing_left()?;
    }
    let sides = Sides::new()?;
    let customer = &sides.customer;
    customer.write(&customer.service(""))?;
    for method in [PUBLISH, "compute.serviceAttachments.patch"] {
        killed_at(customer, method)?;
    }
    customer.terraform.apply_then_empty_plan()?;
    assert_eq!(customer.inventory()?, ["serviceAttachments.list acme-api"]);
    let (tainted, whole) = in_state(&customer.terraform)?;
    assert_eq!((tainted.len(), whole), (0, [SERVICE.to_owned()].into()));
    Ok(())
}

/// Killed between the rule and its address: the state still has the endpoint, and the next apply gives the address back.
#[test]
fn a_killed_destroy_leaves_no_address() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let name = sides.open()?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    vendor.terraform.apply()?;
    vendor.write("")?;
    killed_at(vendor, RELEASE)?;
    assert_eq!(vendor.inventory()?, ["addresses.list acme-api"]);
    vendor.terraform.apply_then_empty_plan()?;
    vendor.assert_nothing_left()
}

/// The same, where the endpoint is still wanted: it is made anew.
#[test]
fn a_half_deleted_endpoint_that_is_wanted_is_made_anew() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let name = sides.open()?;
    let wanted = vendor.endpoint(&name, "");
    vendor.write(&wanted)?;
    vendor.terraform.apply()?;
    vendor.write("")?;
    killed_at(vendor, RELEASE)?;
    vendor.write(&wanted)?;
    assert_planned(&vendor.terraform, ENDPOINT, "delete create")?;
    vendor.terraform.apply_then_empty_plan()?;
    vendor.assert_one_endpoint()?;
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

fn killed_at(side: &Side, method: &'static str) -> Result<()> {
    let gate = side.project.gate();
    fault(side, method, Answer::Held(gate.clone()))?;
    let applying = side.terraform.start_apply()?;
    gate.until_held(1, LIMIT)?;
    applying.kill()?;
    gate.open()?;
    side.project.clear_faults()
}

/// Ctrl-C ends the wait for somebody else's decision at once, and keeps what was asked for.
#[test]
fn an_interrupt_ends_the_wait_for_acceptance() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let name = sides.published("")?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    let mut applying = vendor.terraform.start_apply()?;
    let id = customer.asked()?;
    let mut looks = 0;
    wait::until("a second look at the endpoint", LIMIT, || {
        let calls = vendor.project.take_calls()?.into_iter();
        let found = calls.filter(|call| call.method == LOOK && call.status == 200);
        looks += found.count();
        Ok((looks > 1).then_some(()))
    })?;
    applying.interrupt()?;
    let started = Instant::now();
    applying.until_printed("Interrupt received", LIMIT)?;
    let (_, printed) = applying.finish(LIMIT)?;
    let took = started.elapsed();
    ensure!(took.as_secs() < 10, "it took {took:?}:\n{printed}");
    ensure!(!printed.contains("panic"), "{printed}");
    let (tainted, whole) = in_state(&vendor.terraform)?;
    assert_eq!(tainted.len() + whole.len(), 1, "{printed}");

    sides.accept(&id)?;
    vendor.terraform.apply_then_empty_plan()?;
    vendor.assert_one_endpoint()?;
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// The service is not there: nothing stays behind, and who has to make it is said.
#[test]
fn a_service_that_is_not_there_is_said_with_its_owner() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let name = super::service_name(&customer.project, "none");
    vendor.write(&vendor.endpoint(&name, ""))?;
    let said = vendor.terraform.diagnostics("apply")?;
    let all = format!("{said:?}");
    for part in [
        customer.project.id.as_str(),
        "must have published",
        ENDPOINT,
    ] {
        ensure!(all.contains(part), "no {part} in: {all}");
    }
    vendor.assert_nothing_left()
}
