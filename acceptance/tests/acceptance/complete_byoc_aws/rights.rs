//! What the vendor may do with the roles that it is granted, and what it has to say to take one, by ministack's evaluator: no more
//! than to make the data plane, and not to widen that.

use acceptance::aws::Account;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Both;
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

/// Lets in the vendor's account, and whoever has a token of the customer's cluster.
fn trust_of_all(both: &Both) -> Result<String> {
    let mut trust: Value = serde_json::from_str(&trust_of(&both.sides.vendor.account))?;
    let (_, issuer) = both
        .cluster()?
        .issuer()
        .split_once("://")
        .context("a URL")?;
    let provider = format!(
        "arn:aws:iam::{}:oidc-provider/{issuer}",
        both.sides.customer.account.id
    );
    let statements = trust["Statement"].as_array_mut().context("statements")?;
    statements.push(json!({
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": { "Federated": provider },
    }));
    Ok(trust.to_string())
}

fn bucket_in(account: &Account, name: &str) -> Value {
    json!({ "Bucket": name, "CreateBucketConfiguration": { "LocationConstraint": account.region } })
}

fn refused(session: &Account, operation: &str, parameters: &Value) -> Result<()> {
    let code = session.refused("iam", operation, parameters)?;
    ensure!(code == "AccessDenied", "{operation} {parameters}: {code}");
    Ok(())
}

#[test]
fn the_vendor_cannot_widen_its_own_roles() -> Result<()> {
    let both = Both::without_cluster()?;
    both.published()?;
    for access in ["provision", "maintain", "deprovision"] {
        let own = format!("{}-{access}", both.name());
        cannot_widen(&both, &both.session_by(&both.asked(access)?)?, &own)?;
    }
    cannot_widen(
        &both,
        &both.session()?,
        &format!("{}-break-glass", both.name()),
    )
}

fn cannot_widen(both: &Both, session: &Account, own: &str) -> Result<()> {
    let told = both.customer.output("customer")?;
    let boundary = text(&told["permissions_boundary"])?;
    for (operation, parameters) in [
        (
            "put_role_policy",
            json!({ "RoleName": own, "PolicyName": "more", "PolicyDocument": everything() }),
        ),
        (
            "delete_role_policy",
            json!({ "RoleName": own, "PolicyName": "denied" }),
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
        refused(session, operation, &parameters)?;
    }
    Ok(())
}

/// Whoever writes the policies and the trust of a role has what the role has: so none goes beyond what the customer set.
#[test]
fn the_vendor_makes_no_role_that_may_more_than_a_data_plane() -> Result<()> {
    let both = Both::with_cluster()?;
    both.published()?;
    let session = both.session()?;
    let told = both.customer.output("customer")?;
    let boundary = text(&told["permissions_boundary"])?;
    let trust = trust_of_all(&both)?;
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

    // Nor do sessions: by a pod's token it has what a data plane has, and the vendor itself, whom the trust lets in, nothing.
    let owner = &both.sides.customer.account;
    let mine = format!("{}-metadata", both.name());
    let others = format!("{}-others", both.name());
    for bucket in [&mine, &others] {
        owner.call("s3", "create_bucket", &bucket_in(owner, bucket))?;
    }
    let arn = format!("arn:aws:iam::{}:role/userflyterole", owner.id);
    let token = both
        .cluster()?
        .token("default", "default", "sts.amazonaws.com")?;
    let pod = owner.assume_by_token(&arn, &token)?;
    let into = |bucket: &str| json!({ "Bucket": bucket, "Key": "here" });
    pod.call("s3", "put_object", &into(&mine))?;
    assert_eq!(
        pod.refused("s3", "put_object", &into(&others))?,
        "AccessDenied"
    );
    refused(&pod, "create_user", &json!({ "UserName": "somebody" }))?;
    let document: Value = serde_json::from_str(&everything())?;
    let outside = both.sides.vendor.account.runner("outside", &document)?;
    let wanted = json!({ "RoleArn": arn, "RoleSessionName": "outside" });
    let outside = both.session_of(&outside, &wanted)?;
    assert_eq!(
        outside.refused("s3", "put_object", &into(&mine))?,
        "AccessDenied"
    );

    // One that is there without: it gets no rights from the vendor.
    owner.call("iam", "create_role", &named("adminflyterole"))?;
    let policy = json!({ "RoleName": "adminflyterole", "PolicyName": "all", "PolicyDocument": everything() });
    refused(&session, "put_role_policy", &policy)
}

/// A purpose's role has the calls of that purpose: what the first makes, the others cannot, and it does not delete.
#[test]
fn each_role_is_for_one_purpose() -> Result<()> {
    let both = Both::without_cluster()?;
    both.published()?;
    let repository = json!({ "repositoryName": both.name() });
    let may = |access: &str, operation: &str| -> Result<()> {
        let session = both.session_by(&both.asked(access)?)?;
        session.call("ecr", operation, &repository).map(drop)
    };
    let may_not = |access: &str, operation: &str| -> Result<()> {
        let session = both.session_by(&both.asked(access)?)?;
        let code = session.refused("ecr", operation, &repository)?;
        ensure!(
            code.starts_with("AccessDenied"),
            "{access} {operation}: {code}"
        );
        Ok(())
    };
    may_not("maintain", "create_repository")?;
    may_not("deprovision", "create_repository")?;
    // What bears no mark is the customer's, whatever it is called.
    let owner = &both.sides.customer.account;
    owner.call("ecr", "create_repository", &repository)?;
    may_not("deprovision", "delete_repository")?;
    owner.call("ecr", "delete_repository", &repository)?;
    let mut marked = repository.clone();
    marked["tags"] = json!([{ "Key": "dataplane:owner", "Value": both.name() }]);
    both.session()?.call("ecr", "create_repository", &marked)?;
    may_not("provision", "delete_repository")?;
    may_not("maintain", "delete_repository")?;
    may("deprovision", "delete_repository")
}

/// Nobody breaks glass before the customer says so; then it is for that incident alone, and to look.
#[test]
fn glass_is_whole_until_the_customer_breaks_it() -> Result<()> {
    let whole = Both::without_cluster()?;
    whole.published()?;
    assert_eq!(whole.customer.output("break_glass_open")?, false);
    let refused_by = |both: &Both, asked: &Value| -> Result<()> {
        let code = both.pipeline.refused("sts", "assume_role", asked)?;
        ensure!(code == "AccessDenied", "{asked}: {code}");
        Ok(())
    };
    let for_incident = |both: &Both, incident: &str| -> Result<Value> {
        let mut asked = both.asked("break_glass")?;
        let tags = asked["Tags"].as_array_mut().context("tags")?;
        tags.push(json!({ "Key": "dataplane:incident", "Value": incident }));
        Ok(asked)
    };
    refused_by(&whole, &for_incident(&whole, "INC-4711")?)?;

    let broken = Both::without_cluster()?;
    broken.customer.write(
        "glass_override.tf",
        "module \"vendor_access\" {
  break_glass = {
    not_before = timeadd(plantimestamp(), \"-1h\")
    not_after  = timeadd(plantimestamp(), \"1h\")
    incident   = \"INC-4711\"
  }
}
",
    )?;
    broken.customer.apply()?;
    refused_by(&broken, &broken.asked("break_glass")?)?;
    refused_by(&broken, &for_incident(&broken, "INC-1")?)?;
    let session = broken.session_by(&for_incident(&broken, "INC-4711")?)?;
    let role = json!({ "RoleName": "userflyterole" });
    assert_eq!(session.refused("iam", "get_role", &role)?, "NoSuchEntity");
    refused(&session, "delete_role", &role)
}

/// Another external id than the customer's role asks for is refused: the vendor cannot be had to work for somebody else. And so is
/// who does not say who works, and for whom.
#[test]
fn another_customers_external_id_opens_nothing() -> Result<()> {
    let both = Both::without_cluster()?;
    both.published()?;
    let right = both.asked("provision")?;
    let without = |key: &str| {
        let mut asked = right.clone();
        if let Some(fields) = asked.as_object_mut() {
            fields.remove(key);
        }
        asked
    };
    let with = |key: &str, value: Value| {
        let mut asked = right.clone();
        asked[key] = value;
        asked
    };
    for wrong in [
        without("ExternalId"),
        with("ExternalId", json!("other-11111111")),
        without("SourceIdentity"),
        without("Tags"),
        with(
            "Tags",
            json!([{ "Key": "dataplane:tenant", "Value": "globex" }]),
        ),
        with(
            "Tags",
            json!([{ "Key": "dataplane:tenant", "Value": both.name() }, { "Key": "team", "Value": "ours" }]),
        ),
    ] {
        let code = both.pipeline.refused("sts", "assume_role", &wrong)?;
        ensure!(code == "AccessDenied", "{wrong}: {code}");
    }
    // Nor does the right id open it to others of the vendor's account.
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
