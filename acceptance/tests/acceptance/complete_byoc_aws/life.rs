//! The whole life: applied, let in, handed over, upgraded, taken in, destroyed.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{Both, ENDPOINT, HOST, RANGE, SERVICE, applied, empty, leave};
use crate::{inbound, private::text};

#[test]
fn both_roots_are_applied_planned_empty_and_destroyed_without_a_trace() -> Result<()> {
    let both = Both::with_cluster()?;
    let sides = &both.sides;
    inbound::assert_private(&both.customer.plan()?, RANGE)?;
    let service = both.published()?;
    let told = both.customer.output("customer")?;
    assert_eq!(told["server_name"], HOST);
    assert_eq!(told["account_id"], sides.customer.account.id.as_str());

    let vendor = both.vendor()?;
    inbound::assert_private(&vendor.plan()?, RANGE)?;
    // Without a zone the endpoint is called, whose name nobody knows before it is made.
    let named = vendor.succeed(&["plan", "-input=false", "-var", "private_zone=false"])?;
    ensure!(!named.contains("aws_route53"), "{named}");
    let id = both.connected(&vendor, &service)?;
    empty(&vendor, "the vendor's")?;
    assert_eq!(vendor.output("connection")?, id.as_str());
    applied(&both.customer, "the customer's")?;
    let connections = both.customer.output("connections")?;
    assert_eq!(connections[0]["id"], id.as_str());
    assert_eq!(connections[0]["state"], "available");
    assert_eq!(connections[0]["owner"], sides.vendor.account.id.as_str());

    // What the vendor made is the customer's: in the customer's account and cluster.
    let kubectl = both.cluster()?.kubectl()?;
    ensure!(kubectl.get("deployment", "union", "operator")?.is_some());
    let owner = &sides.customer.account;
    let found = owner.call("iam", "get_role", &json!({ "RoleName": "adminflyterole" }))?;
    ensure!(text(&found["Role"]["Arn"])?.contains(&owner.id), "{found}");
    assert_eq!(
        found["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"],
        told["permissions_boundary"]
    );

    // An upgrade asks nobody anything, and takes the role that makes nothing.
    let upgraded = vendor
        .variable("operator_image", "localhost/dataplane-operator:0.2.0")
        .variable("access", "maintain");
    upgraded.apply()?;
    upgraded.plan()?.assert_empty("the plan after an upgrade")?;
    assert_eq!(upgraded.output("connection")?, id.as_str());

    // Each forgets what it has of the connection, and takes it in again: what is left to write down is Terraform's own.
    for (root, address, id, whose) in [
        (&upgraded, ENDPOINT, &id, "the vendor's"),
        (&both.customer, SERVICE, &service, "the customer's"),
    ] {
        root.succeed(&["state", "rm", address])?;
        root.import(address, id)?;
        let planned = root.plan()?.changes();
        assert!(
            planned.iter().all(|(_, actions)| actions == &["update"]),
            "{planned:?}"
        );
        applied(root, whose)?;
        assert_eq!(root.attributes(address)?["id"], id.as_str());
    }

    leave(&upgraded)?;
    sides.vendor.assert_nothing_left()?;
    both.customer.destroy()?;
    let name = both.name();
    for bucket in ["metadata", "fast-registration"] {
        let asked = json!({ "Bucket": format!("{name}-{bucket}") });
        assert_eq!(owner.refused("s3", "head_bucket", &asked)?, "404");
    }
    let roles = owner.call("iam", "list_roles", &json!({}))?["Roles"].to_string();
    ensure!(
        !roles.contains("adminflyterole") && !roles.contains(&name),
        "{roles}"
    );
    both.assert_nothing_left()
}
