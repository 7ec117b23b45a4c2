//! What the vendor may do with the role that it is granted, by ministack's evaluator: no more than to make the data plane, and
//! not to widen that.

use acceptance::aws::Account;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Both, EXTERNAL_ID};
use crate::private::text;

/// Whoever may be assumed may do everything.
fn everything() -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] }).to_string()
}

fn trust_of(account: &Account) -> String {
    let principal = json!({ "AWS": format!("arn:aws:iam::{}:root", account.id) });
    let statement =
        json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

fn refused(session: &Account, operation: &str, parameters: &Value) -> Result<()> {
    let code = session.refused("iam", operation, parameters)?;
    ensure!(code == "AccessDenied", "{operation} {parameters}: {code}");
    Ok(())
}

#[test]
fn the_vendor_cannot_widen_its_own_role() -> Result<()> {
    let both = Both::without_cluster()?;
    both.published()?;
    let session = both.session()?;
    let own = format!("{}-vendor", both.name());
    let told = both.customer.output("customer")?;
    let boundary = text(&told["permissions_boundary"])?;
    for (operation, parameters) in [
        (
            "put_role_policy",
            json!({ "RoleName": own, "PolicyName": "more", "PolicyDocument": everything() }),
        ),
        (
            "delete_role_policy",
            json!({ "RoleName": own, "PolicyName": "boundary" }),
        ),
        (
            "attach_role_policy",
            json!({ "RoleName": own, "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess" }),
        ),
        (
            "update_assume_role_policy",
            json!({ "RoleName": own, "PolicyDocument": trust_of(&both.sides.vendor.account) }),
        ),
        (
            "create_policy_version",
            json!({ "PolicyArn": boundary, "PolicyDocument": everything(), "SetAsDefault": true }),
        ),
    ] {
        refused(&session, operation, &parameters)?;
    }
    Ok(())
}

/// Whoever writes the policies and the trust of a role has what the role has: so none goes beyond what the customer set.
#[test]
fn the_vendor_makes_no_role_that_may_more_than_a_data_plane() -> Result<()> {
    let both = Both::without_cluster()?;
    both.published()?;
    let session = both.session()?;
    let told = both.customer.output("customer")?;
    let boundary = text(&told["permissions_boundary"])?;
    let trust = trust_of(&both.sides.vendor.account);
    let named = |name: &str| json!({ "RoleName": name, "AssumeRolePolicyDocument": trust });
    let bounded = |name: &str, boundary: &str| {
        let mut wanted = named(name);
        wanted["PermissionsBoundary"] = boundary.into();
        wanted
    };
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    refused(&session, "create_role", &named("userflyterole"))?;
    refused(
        &session,
        "create_role",
        &bounded("userflyterole", administrator),
    )?;
    refused(&session, "create_role", &bounded("a-door", &boundary))?;
    session.call("iam", "create_role", &bounded("userflyterole", &boundary))?;
    let policy =
        json!({ "RoleName": "userflyterole", "PolicyName": "all", "PolicyDocument": everything() });
    session.call("iam", "put_role_policy", &policy)?;
    let less = json!({ "RoleName": "userflyterole" });
    refused(&session, "delete_role_permissions_boundary", &less)?;
    let other = json!({ "RoleName": "userflyterole", "PermissionsBoundary": administrator });
    refused(&session, "put_role_permissions_boundary", &other)?;

    // One that is there without: it gets no rights from the vendor.
    let owner = &both.sides.customer.account;
    owner.call("iam", "create_role", &named("adminflyterole"))?;
    let policy = json!({ "RoleName": "adminflyterole", "PolicyName": "all", "PolicyDocument": everything() });
    refused(&session, "put_role_policy", &policy)
}

/// Another external id than the customer's role asks for is refused: the vendor cannot be had to work for somebody else.
#[test]
fn another_customers_external_id_opens_nothing() -> Result<()> {
    let both = Both::without_cluster()?;
    both.published()?;
    let role = text(&both.customer.output("customer")?["role_arns"]["provision"])?;
    for wrong in [
        json!({ "RoleArn": role, "RoleSessionName": "pipeline" }),
        json!({ "RoleArn": role, "RoleSessionName": "pipeline", "ExternalId": "other-11111111" }),
    ] {
        let code = both.pipeline.refused("sts", "assume_role", &wrong)?;
        assert_eq!(code, "AccessDenied");
    }
    // Nor does the right id open it to others of the vendor's account.
    let right =
        json!({ "RoleArn": role, "RoleSessionName": "somebody", "ExternalId": EXTERNAL_ID });
    let document: Value = serde_json::from_str(&everything())?;
    let somebody = both.sides.vendor.account.runner("somebody", &document)?;
    assert_eq!(
        somebody.refused("sts", "assume_role", &right)?,
        "AccessDenied"
    );

    let vendor = both.vendor()?.variable("external_id", "other-11111111");
    let said = vendor.diagnostics("plan")?;
    let denied = |text: &str| text.contains("AccessDenied") || text.contains("sts:AssumeRole");
    ensure!(said.iter().any(|each| denied(&each.detail)), "{said:?}");
    ensure!(
        both.sides.vendor.endpoints()?.is_empty(),
        "it got as far as the endpoint"
    );
    Ok(())
}
