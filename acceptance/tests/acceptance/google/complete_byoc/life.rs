//! The whole life: applied, handed over, upgraded, taken in, destroyed; each step by the account that is for it.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{Both, HOST, PROJECT};
use crate::google::private;

/// The vendor's root makes this in its own project.
const ENDPOINT: &str = "module.endpoint.dataplane_private_endpoint.this";

/// Each side applies its own, and destroys it; the vendor has done each step as the account that is for it, with the rights and
/// under the conditions that the customer's root says.
#[test]
fn both_roots_are_applied_planned_empty_and_destroyed_without_a_trace() -> Result<()> {
    let both = Both::new()?;
    let before = both.made()?;
    let vendor = both.vendor()?;
    vendor.apply()?;
    vendor.plan()?.assert_empty("the vendor's plan")?;
    let refreshed = vendor.plan_refresh_only()?;
    refreshed.assert_no_difference("the vendor's refresh")?;
    let zone = vendor.attributes(&format!(
        "module.endpoint.google_dns_managed_zone.this[\"{HOST}\"]"
    ))?;
    assert_eq!(zone["dns_name"], format!("{HOST}."));
    let record = vendor.attributes(&format!(
        "module.endpoint.google_dns_record_set.apex[\"{HOST}\"]"
    ))?;
    assert_eq!(record["rrdatas"], vendor.output("endpoint")?);

    // The data plane is the customer's, in its project and its cluster.
    let made = both.made()?;
    for name in [
        format!("{PROJECT}-metadata"),
        format!("adminflyterole@{PROJECT}.iam.gserviceaccount.com"),
    ] {
        ensure!(made.contains(&name), "no {name}: {made:?}");
    }
    let kubectl = both.bench.kubectl()?;
    ensure!(kubectl.get("deployment", "union", "operator")?.is_some());
    assert_held(&both)?;

    let name = "cluster_name  = \"prod-eu\"";
    let unprotected = format!("{name}\n  definitions   = {{ prevent_deletion = false }}");
    vendor.edit("main.tf", name, &unprotected)?;
    let vendor = vendor.variable("access", "maintain");
    vendor.apply()?;
    vendor.variable("access", "deprovision").destroy()?;
    assert_eq!(both.made()?, before);
    assert_eq!(private::inventory(&both.vendor)?, [""; 0]);
    both.customer.destroy().map(drop)
}

/// The vendor forgets what it has of the way and of the data plane, and takes it in again: what is left to write down is Terraform's
/// own, and nothing is made twice.
#[test]
fn a_vendor_that_lost_its_state_takes_everything_in() -> Result<()> {
    let both = Both::new()?;
    let vendor = both.vendor()?;
    vendor.apply()?;
    let (made, endpoints) = (both.made()?, private::inventory(&both.vendor)?);
    let endpoint = vendor.attributes(ENDPOINT)?["id"].clone();
    let vendor = vendor.variable("access", "maintain");
    for (address, id) in [
        (ENDPOINT, endpoint.as_str().context("an id")?),
        ("module.gcp.dataplane_registry.this[0]", "acme-prod"),
        ("module.gcp.dataplane_log_group.this[0]", "acme-prod"),
        (
            "module.gcp.dataplane_bucket.this[\"metadata\"]",
            &format!("{PROJECT}-metadata"),
        ),
        ("module.gcp.dataplane_role.this[\"user\"]", "userflyterole"),
    ] {
        vendor.succeed(&["state", "rm", address])?;
        vendor.import(address, id)?;
    }
    let planned = vendor.plan()?.changes();
    ensure!(
        planned.iter().all(|(_, actions)| actions == &["update"]),
        "{planned:?}"
    );
    vendor.apply()?;
    vendor.plan()?.assert_empty("the vendor's plan")?;
    assert_eq!(both.made()?, made);
    assert_eq!(private::inventory(&both.vendor)?, endpoints);
    assert_eq!(vendor.attributes(ENDPOINT)?["id"], endpoint);
    Ok(())
}

/// Tokens of the vendor's account cannot give the project away, nor who becomes the accounts, and reach what is named only.
fn assert_held(both: &Both) -> Result<()> {
    let grants = both.grants();
    let session = grants.become_account(&both.pipeline, "provision")?;
    let itself = format!("serviceAccount:{}", grants.email("provision"));
    let project = format!("projects/{PROJECT}");
    let asked =
        json!({ "resource": project, "body": { "options": { "requestedPolicyVersion": 3 } } });
    let mut policy = session.call("cloudresourcemanager.v3", "projects.getIamPolicy", &asked)?;
    let bindings = policy["bindings"].as_array_mut().context("bindings")?;
    bindings.push(json!({ "role": "roles/owner", "members": [itself] }));
    let set = json!({ "resource": project, "body": { "policy": policy } });
    let refused = session.refused("cloudresourcemanager.v3", "projects.setIamPolicy", &set)?;
    assert_eq!(refused, 403);
    // Its own accounts are where it has no right, so that nobody else is let in by it, and none is switched on again.
    let accounts = "projects.serviceAccounts";
    for access in ["provision", "deprovision"] {
        let name = format!(
            "projects/{}/serviceAccounts/{}",
            both.identities.id,
            grants.email(access)
        );
        let policy = json!({ "bindings": [{ "role": "roles/iam.serviceAccountTokenCreator", "members": [itself] }], "etag": "ACAB" });
        let set = json!({ "resource": name, "body": { "policy": policy } });
        let refused = session.refused("iam.v1", &format!("{accounts}.setIamPolicy"), &set)?;
        assert_eq!(refused, 403);
        let on = json!({ "name": name, "body": {} });
        let refused = session.refused("iam.v1", &format!("{accounts}.enable"), &on)?;
        assert_eq!(refused, 403);
    }
    // Another bucket of the project is not the data plane's.
    let uniform = json!({ "uniformBucketLevelAccess": { "enabled": true } });
    let body = json!({ "name": "somebody-elses", "location": "EU", "iamConfiguration": uniform });
    let made = json!({ "project": PROJECT, "body": body });
    both.bench.call("storage.v1", "buckets.insert", made)?;
    let another = json!({ "bucket": "somebody-elses" });
    assert_eq!(session.refused("storage.v1", "buckets.get", &another)?, 403);
    both.bench.call("storage.v1", "buckets.delete", another)?;
    Ok(())
}
