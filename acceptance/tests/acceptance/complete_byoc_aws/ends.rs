//! Connections that one side ends: cut off by the customer, its service made anew, destroyed in the wrong order.

use anyhow::{Result, ensure};

use super::{Both, ENDPOINT, SERVICE, applied, leave};
use crate::private::text;

/// Cut off, the vendor is told whose turn it is; let in again, its next apply goes on with the same endpoint.
#[test]
fn a_vendor_that_is_cut_off_is_told_so_and_comes_back() -> Result<()> {
    let both = Both::with_cluster()?;
    let service = both.published()?;
    let vendor = both.vendor()?;
    let id = both.connected(&vendor, &service)?;

    // Taken out of the list alone, it stays in.
    both.write_down(&[], &[])?;
    both.customer.apply()?;
    vendor.plan()?.assert_empty("the plan of who is let in")?;
    both.write_down(&[], &[&id])?;
    applied(&both.customer, "the customer's")?;
    let connections = both.customer.output("connections")?;
    assert_eq!(connections[0]["state"], "rejected");

    let plan = vendor.plan()?;
    assert_eq!(plan.only_drift(ENDPOINT)?["state"], "rejected");
    let waiting = vendor.variable("acceptance_timeout", "3s");
    let said = waiting.diagnostics("apply")?;
    let remedy = said.iter().find(|each| each.severity == "error");
    let remedy = &remedy.expect("a postcondition").detail;
    ensure!(remedy.contains("rejected"), "{remedy}");
    assert_eq!(both.sides.vendor.endpoints()?.len(), 1);

    both.write_down(&[&id], &[])?;
    both.customer.apply()?;
    let waiting = waiting.variable("acceptance_timeout", "10m");
    waiting.apply()?;
    waiting.plan()?.assert_empty("the vendor's plan")?;
    assert_eq!(waiting.output("connection")?, id.as_str());
    Ok(())
}

/// The customer makes the service anew: the vendor, told of it, asks anew, and the data plane stays what it is.
#[test]
fn a_service_that_is_made_anew_is_asked_anew() -> Result<()> {
    let both = Both::with_cluster()?;
    let service = both.published()?;
    let vendor = both.vendor()?;
    let id = both.connected(&vendor, &service)?;
    let customer = &both.customer;
    customer.write("force.auto.tfvars.json", "{\"force_destroy\": true}")?;
    customer.apply()?;
    both.write_down(&[], &[])?;
    let replace = format!("-replace={SERVICE}");
    customer.succeed(&["apply", "-input=false", "-auto-approve", &replace])?;
    let next = text(&customer.attributes(SERVICE)?["id"])?;
    ensure!(next != service, "the service was kept");

    both.hand_over(&vendor)?;
    let planned = vendor.plan()?.changes();
    let replaced = ["delete".to_owned(), "create".to_owned()];
    ensure!(
        planned.contains(&(ENDPOINT.to_owned(), replaced.to_vec())),
        "{planned:?}"
    );
    let ours = |address: &String| address.starts_with("module.aws.");
    ensure!(
        !planned.iter().any(|(address, _)| ours(address)),
        "{planned:?}"
    );
    let again = both.connected(&vendor, &next)?;
    ensure!(again != id, "the endpoint was kept");
    vendor.plan()?.assert_empty("the vendor's plan")?;
    assert_eq!(both.sides.vendor.endpoints()?.len(), 1);
    leave(&vendor)?;
    customer.destroy()?;
    both.assert_nothing_left()
}

/// Destroyed first, the customer's root names who is connected and keeps the service; the next apply mends the rest. Forced,
/// the vendor is out, and what it made is the customer's.
#[test]
fn a_customer_that_goes_first_is_told_who_is_connected() -> Result<()> {
    let both = Both::with_cluster()?;
    let service = both.published()?;
    let vendor = both.vendor()?;
    let id = both.connected(&vendor, &service)?;
    let (customer, owner) = (&both.customer, &both.sides.customer);

    let refused = format!(
        "{:#}",
        customer.destroy().expect_err("somebody is connected")
    );
    let vendors = &both.sides.vendor.account.id;
    for part in ["is in use", id.as_str(), vendors] {
        ensure!(refused.contains(part), "no {part} in: {refused}");
    }
    assert_eq!(owner.services()?.len(), 1);
    customer.apply()?;
    customer.plan()?.assert_empty("the customer's plan")?;
    vendor.plan()?.assert_empty("the vendor's plan")?;

    customer.write("force.auto.tfvars.json", "{\"force_destroy\": true}")?;
    customer.apply()?;
    // But for the boundary: as long as roles of the vendor's making have it, IAM keeps it.
    let kept = format!("{:#}", customer.destroy().expect_err("roles are bounded"));
    ensure!(kept.contains("DeleteConflict"), "{kept}");
    let kept = customer.succeed(&["state", "list"])?;
    let mut kept = kept.lines().filter(|address| !address.contains("data."));
    assert_eq!(
        (kept.next(), kept.next()),
        (Some("module.vendor_access.aws_iam_policy.boundary"), None)
    );
    owner.assert_nothing_left()?;
    let said = vendor.diagnostics("plan")?;
    ensure!(
        said.iter().any(|each| each.detail.contains("AssumeRole")),
        "{said:?}"
    );
    let buckets = owner
        .account
        .call("s3", "list_buckets", &serde_json::json!({}))?;
    ensure!(
        buckets
            .to_string()
            .contains(&format!("{}-metadata", both.name())),
        "{buckets}"
    );

    // The vendor, who can look after nothing there any more, still removes what is its own.
    vendor.succeed(&["state", "rm", "module.aws", "module.operator"])?;
    vendor.succeed(&["destroy", "-auto-approve", "-input=false", "-refresh=false"])?;
    both.sides.vendor.assert_nothing_left()
}
