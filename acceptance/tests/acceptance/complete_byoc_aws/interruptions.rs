//! Each side is killed or interrupted at a moment that the test knows; its next apply goes on with what is there.

use acceptance::{
    aws::{Answer, Fault, Gate},
    terraform::{Applying, Terraform},
};
use anyhow::{Result, ensure};

use super::{Both, ENDPOINT, LIMIT, SERVICE, applied, leave};
use crate::private::text;

/// Holds every call of an operation of EC2.
fn hold(both: &Both, operation: &'static str) -> Gate {
    let gate = Gate::default();
    both.sides.front.fault(Fault {
        service: "ec2",
        operation,
        calls: 0..usize::MAX,
        answer: Answer::Held(gate.clone()),
    });
    gate
}

/// Starts an apply, and waits until the call is held and everything else is made.
fn held(terraform: &Terraform, gate: &Gate) -> Result<Applying> {
    let others = terraform.plan()?.changes().len() - 1;
    let mut applying = terraform.start_apply()?;
    applying.until("the held call", LIMIT, |_| {
        Ok((gate.held() > 0).then_some(()))
    })?;
    applying.until("the others", LIMIT, |applying| {
        let made = applying.printed().matches("Creation complete").count();
        Ok((made == others).then_some(()))
    })?;
    Ok(applying)
}

#[test]
fn a_customer_that_is_killed_goes_on() -> Result<()> {
    let both = Both::without_cluster()?;
    let customer = &both.customer;
    let gate = hold(&both, "ModifyVpcEndpointServicePermissions");
    held(customer, &gate)?.kill()?;
    both.sides.front.clear_faults();
    let made = both.sides.customer.services()?;
    assert_eq!(made.len(), 1);
    let service = both.published()?;
    assert_eq!(made[0]["ServiceId"], service.as_str());
    assert_eq!(both.sides.customer.services()?.len(), 1);

    // Killed again as it lets somebody in, who is let in by the next apply.
    let name = text(&customer.attributes(SERVICE)?["service_name"])?;
    let asker = &both.sides.vendor;
    let wanted = serde_json::json!({
        "VpcEndpointType": "Interface", "VpcId": asker.network.vpc, "ServiceName": name, "SubnetIds": asker.network.subnets,
    });
    let made = both.pipeline.call("ec2", "create_vpc_endpoint", &wanted)?;
    let id = text(&made["VpcEndpoint"]["VpcEndpointId"])?;
    both.write_down(&[&id], &[])?;
    let gate = hold(&both, "AcceptVpcEndpointConnections");
    let mut applying = customer.start_apply()?;
    applying.until("the held call", LIMIT, |_| {
        Ok((gate.held() > 0).then_some(()))
    })?;
    applying.kill()?;
    both.sides.front.clear_faults();
    applied(customer, "the customer's")?;
    assert_eq!(customer.output("connections")?[0]["state"], "available");
    Ok(())
}

/// Killed while it waits to be let in: the request stays, and the next apply goes on with it once the customer accepted.
#[test]
fn a_vendor_that_is_killed_or_interrupted_asks_once() -> Result<()> {
    let both = Both::with_cluster()?;
    let service = both.published()?;
    let vendor = both.vendor()?;
    // All that waits for nobody is made: what is cut off in the middle would be as good as somebody else's.
    let waits = |address: &str| {
        address == ENDPOINT
            || address.starts_with("module.operator.")
            || address.contains("aws_route53_record")
    };
    let planned = vendor.plan()?.changes();
    let others = planned
        .iter()
        .filter(|(address, _)| !waits(address))
        .count();
    let mut applying = vendor.start_apply()?;
    let id = both.sides.customer.asked_by(&mut applying, &service)?;
    applying.until("the others", LIMIT, |applying| {
        let made = applying.printed().matches("Creation complete").count();
        Ok((made == others).then_some(()))
    })?;
    applying.kill()?;

    let mut applying = vendor.start_apply()?;
    applying.until_printed("dataplane_private_endpoint.this: Still creating", LIMIT)?;
    applying.interrupt()?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(!succeeded && !printed.contains("panic"), "{printed}");

    both.write_down(&[&id], &[])?;
    both.customer.apply()?;
    vendor.apply()?;
    vendor.plan()?.assert_empty("the vendor's plan")?;
    assert_eq!(vendor.output("connection")?, id.as_str());
    assert_eq!(both.sides.vendor.endpoints()?.len(), 1);
    leave(&vendor)?;
    both.customer.destroy()?;
    both.assert_nothing_left()
}
