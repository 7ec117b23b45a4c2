//! Connections that come to an end: rejected, expired, with their service gone. Each is shown as drift with what to do.

use anyhow::{Result, ensure};

use super::{ENDPOINT, SERVICE, Sides, assert_planned, text};

/// Rejected by hand: both sides show it, the customer's apply lets it in again, and the vendor's goes on with the same endpoint.
#[test]
fn a_rejected_connection_is_shown_and_comes_back() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let (service, name) = sides.published("")?;
    vendor.write(&vendor.endpoint(&name, "timeouts = { update = \"3s\" }"))?;
    let id = sides.connected(&service)?;
    customer.terraform.edit(
        "main.tf",
        "allowed_principals",
        &format!("accepted_connections = [\"{id}\"]\n  allowed_principals"),
    )?;
    customer.terraform.apply_then_empty_plan()?;

    customer.answer("reject", &service, &id)?;
    let plan = vendor.terraform.plan()?;
    let told = plan.only_drift(ENDPOINT)?;
    assert_eq!(told["state"], "rejected");
    ensure!(
        text(&told["remedy"])?.contains("rejected"),
        "{}",
        told["remedy"]
    );
    assert_eq!(
        plan.changes(),
        [(ENDPOINT.to_owned(), vec!["update".to_owned()])]
    );
    assert_planned(&customer.terraform, SERVICE, "update")?;
    customer.terraform.apply_then_empty_plan()?;
    vendor.terraform.apply_then_empty_plan()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(
        (&made["id"], &made["state"]),
        (&id.into(), &"available".into())
    );
    Ok(())
}

/// Nobody answered in time: the endpoint is good for nothing, and the next apply asks anew.
#[test]
fn an_expired_request_is_made_anew() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let (service, name) = sides.published("")?;
    vendor.write(&vendor.endpoint(&name, "wait_for_acceptance = false"))?;
    vendor.terraform.apply()?;
    let id = customer.asked(&service)?;
    vendor.account.ec2().expire(&id)?;
    assert_planned(&vendor.terraform, ENDPOINT, "delete create")?;
    vendor
        .terraform
        .edit("main.tf", "wait_for_acceptance = false", "")?;
    let next = sides.connected(&service)?;
    ensure!(next != id, "the expired one was kept");
    vendor.terraform.plan()?.assert_empty("the plan after it")?;
    let left = vendor.endpoints()?;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["VpcEndpointId"], next.as_str());

    // Who wants to keep it is told, and nothing is made.
    vendor.account.ec2().expire(&next)?;
    vendor.write(&vendor.endpoint(
        &name,
        "recreate_closed = false\n  timeouts = { update = \"3s\" }",
    ))?;
    let actions = super::planned(&vendor.terraform)?;
    assert_eq!(actions, [(ENDPOINT.to_owned(), "update".to_owned())]);
    Ok(())
}

/// The customer makes the service anew: the old connection leads nowhere, and the vendor, told of the new name, connects again.
#[test]
fn a_service_that_is_made_anew_is_connected_anew() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let (_, name) = sides.published("auto_accept = true\n  force_destroy = true")?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    vendor.terraform.apply()?;
    let id = text(&vendor.terraform.attributes(ENDPOINT)?["id"])?;
    customer.terraform.succeed(&[
        "apply",
        "-input=false",
        "-auto-approve",
        &format!("-replace={SERVICE}"),
    ])?;
    let made = customer.terraform.attributes(SERVICE)?;
    let new = text(&made["service_name"])?;
    ensure!(new != name, "{new}");
    vendor.terraform.plan_refresh_only()?.only_drift(ENDPOINT)?;

    vendor.terraform.edit("main.tf", &name, &new)?;
    assert_planned(&vendor.terraform, ENDPOINT, "delete create")?;
    vendor.terraform.apply_then_empty_plan()?;
    let now = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(now["state"], "available");
    ensure!(now["id"] != id.as_str(), "the old one was kept");
    assert_eq!(vendor.endpoints()?.len(), 1);
    Ok(())
}

/// The service behind an endpoint is gone for good: that is `closed`, and asks for a new endpoint.
#[test]
fn a_withdrawn_service_closes_its_connections() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let name = vendor.account.ec2().offer(false, &[])?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    vendor.terraform.apply()?;
    let id = text(&vendor.terraform.attributes(ENDPOINT)?["id"])?;
    vendor.account.ec2().bring(&id, "withdrawn")?;
    let plan = vendor.terraform.plan()?;
    let told = plan.only_drift(ENDPOINT)?;
    assert_eq!(told["state"], "closed");
    let remedy = text(&told["remedy"])?;
    ensure!(remedy.contains("gone"), "{remedy}");
    assert_planned(&vendor.terraform, ENDPOINT, "delete create")?;
    vendor.terraform.destroy()?;
    vendor.assert_nothing_left()
}

/// Deleted by hand: made again, and its request accepted.
#[test]
fn a_deleted_endpoint_asks_again() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let (service, name) = sides.published("")?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    let id = sides.connected(&service)?;
    let gone = serde_json::json!({ "VpcEndpointIds": [id] });
    vendor.account.call("ec2", "delete_vpc_endpoints", &gone)?;
    vendor.until_deleted()?;
    assert_planned(&vendor.terraform, ENDPOINT, "create")?;
    let next = sides.connected(&service)?;
    ensure!(next != id, "the deleted one came back");
    assert_eq!(vendor.endpoints()?.len(), 1);
    vendor.terraform.destroy()?;
    customer.terraform.destroy()?;
    customer.assert_nothing_left()
}

/// A zone of the service does not answer: that is for its owner to mend, and nothing is made anew meanwhile.
#[test]
fn a_connection_that_works_in_part_is_told_and_kept() -> Result<()> {
    let sides = Sides::new()?;
    let vendor = &sides.vendor;
    let name = vendor.account.ec2().offer(false, &[])?;
    vendor.write(&vendor.endpoint(&name, ""))?;
    vendor.terraform.apply()?;
    let id = text(&vendor.terraform.attributes(ENDPOINT)?["id"])?;
    vendor.account.ec2().bring(&id, "partial")?;
    let plan = vendor.terraform.plan()?;
    let told = plan.only_drift(ENDPOINT)?;
    assert_eq!(told["state"], "partial");
    let remedy = text(&told["remedy"])?;
    ensure!(remedy.contains("ask the owner"), "{remedy}");
    assert_planned(&vendor.terraform, ENDPOINT, "update")?;
    let printed = vendor.terraform.apply()?;
    ensure!(printed.contains("acme-api is partial"), "{printed}");
    assert_eq!(vendor.terraform.attributes(ENDPOINT)?["state"], "partial");

    vendor.account.ec2().bring(&id, "available")?;
    vendor.terraform.apply_then_empty_plan()?;
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(
        (&made["id"], &made["state"]),
        (&id.into(), &"available".into())
    );
    Ok(())
}
