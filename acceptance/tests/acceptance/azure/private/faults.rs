//! Answers that are lost, late or refused, and a Terraform that is killed: the next apply goes on with what there is.

use acceptance::{
    azure::{Answer, Fault},
    wait,
};
use anyhow::{Context as _, Result, ensure};

use super::{API, ENDPOINT, LIMIT, SERVICE, Side, Sides};
use crate::faults::in_state;

const SERVICES: &str = "Microsoft.Network/privateLinkServices/write";
const ENDPOINTS: &str = "Microsoft.Network/privateEndpoints/write";

const LOOK: &str = "Microsoft.Network/privateEndpoints/read";

fn fault(side: &Side, operation: &'static str, calls: usize, answer: Answer) -> Result<()> {
    side.subscription.fault(&Fault {
        operation,
        calls: 0..calls,
        answer,
    })
}

/// The first creating call of each side goes wrong in some way, and all is there once after the next apply at the latest.
#[test]
fn nothing_is_made_twice_when_an_answer_is_bad() -> Result<()> {
    let ended = Answer::Ends {
        status: "Failed",
        code: "InternalServerError",
        message: "An error occurred.",
    };
    let busy = Answer::Error {
        status: 429,
        code: "AnotherOperationInProgress",
        message: "Another operation on this or dependent resource is in progress.",
    };
    for answer in [
        Answer::Lost,
        Answer::Unavailable,
        Answer::Throttled { retry_after: 1 },
        ended,
        busy,
    ] {
        let sides = Sides::new()?;
        let (customer, vendor) = (&sides.customer, &sides.vendor);
        fault(customer, SERVICES, 1, answer.clone())?;
        fault(vendor, ENDPOINTS, 1, answer.clone())?;
        let us = &vendor.subscription.id;
        let allowed = format!("allowed_principals = [\"{us}\"]\n  auto_accept = true");
        customer.write(&customer.service(&allowed))?;
        let first = customer.terraform.apply();
        customer
            .terraform
            .apply_then_empty_plan()
            .with_context(|| format!("{answer:?}: {first:?}"))?;
        let service = customer.terraform.attributes(SERVICE)?;
        let service = service["service_name"].as_str().context("a name")?;
        vendor.write(&vendor.endpoint(service, ""))?;
        let first = vendor.terraform.apply();
        vendor
            .terraform
            .apply_then_empty_plan()
            .with_context(|| format!("{answer:?}: {first:?}"))?;
        assert_eq!(vendor.state_of(ENDPOINT)?, "available", "{answer:?}");
        assert_eq!(customer.subscription.connections(API)?.len(), 1);
        vendor.subscription.clear_faults()?;
        customer.subscription.clear_faults()?;
        vendor.terraform.destroy()?;
        customer.terraform.destroy()?;
        vendor.assert_nothing_left()?;
        customer.assert_nothing_left()?;
    }
    Ok(())
}

/// The provider is killed after the endpoint was asked for; the next apply goes on with that one.
#[test]
fn a_killed_terraform_leaves_one_endpoint() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let service = sides.published("")?;
    vendor.write(&vendor.endpoint(&service, ""))?;
    let applying = vendor.terraform.start_apply()?;
    let endpoint = customer.subscription.asked(API)?;
    applying.kill()?;
    customer.subscription.answer(API, &endpoint, "Approved")?;
    vendor.terraform.apply_then_empty_plan()?;
    assert_eq!(vendor.state_of(ENDPOINT)?, "available");
    assert_eq!(vendor.subscription.listed("privateEndpoints")?, [API]);
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// Ctrl-C ends the wait for somebody else's decision, and keeps what was asked for.
#[test]
fn an_interrupt_ends_the_wait_for_acceptance() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let service = sides.published("")?;
    vendor.write(&vendor.endpoint(&service, ""))?;
    let mut applying = vendor.terraform.start_apply()?;
    let endpoint = customer.subscription.asked(API)?;
    // It waits once it looks again and again.
    let mut looks = 0;
    wait::until("looks at the endpoint", LIMIT, || {
        let calls = vendor.subscription.take_calls()?.into_iter();
        looks += calls.filter(|call| call.operation == LOOK).count();
        Ok((looks > 4).then_some(()))
    })?;
    applying.interrupt()?;
    applying.until_printed("Interrupt received", LIMIT)?;
    let (_, printed) = applying.finish(LIMIT)?;
    ensure!(!printed.contains("panic"), "{printed}");
    let (tainted, whole) = in_state(&vendor.terraform)?;
    assert_eq!(tainted.len() + whole.len(), 1, "{printed}");
    if tainted.is_empty() {
        customer.subscription.answer(API, &endpoint, "Approved")?;
        vendor.terraform.apply_then_empty_plan()?;
    } else {
        vendor.terraform.succeed(&["untaint", ENDPOINT])?;
        customer.subscription.answer(API, &endpoint, "Approved")?;
        vendor.terraform.apply_then_empty_plan()?;
    }
    assert_eq!(vendor.subscription.listed("privateEndpoints")?, [API]);
    Ok(())
}

/// Four endpoints at once in one network: each waits for its turn, and none is refused.
#[test]
fn endpoints_of_one_network_are_made_in_turn() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let service = sides.published("auto_accept = true")?;
    let one = vendor.endpoint(&service, "for_each = toset([\"a\", \"b\", \"c\", \"d\"])");
    let named = format!("\"{API}\"");
    vendor.write(&one.replace(&named, &format!("\"{API}-${{each.key}}\"")))?;
    vendor.subscription.take_calls()?;
    vendor.terraform.apply_then_empty_plan()?;
    let calls = vendor.subscription.take_calls()?;
    let refused = calls.iter().filter(|call| call.status == 429).count();
    assert_eq!(refused, 0);
    assert_eq!(customer.subscription.connections(API)?.len(), 4);
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}
