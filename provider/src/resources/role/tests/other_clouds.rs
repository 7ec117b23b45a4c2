//! What differs from cloud to cloud: the forms of trust, and what a cloud has no such thing as.

use clouds::Refusal;

use super::*;
use crate::testing::{self, of_clouds, says_first};

const POOL: &str = "projects/123456789/locations/global/workloadIdentityPools/acme";

fn gke(direct: Option<bool>) -> serde_json::Value {
    let mut trust = json!({ "gke": { "pool": "acme-prod.svc.id.goog" } });
    if let Some(direct) = direct {
        trust["gke"]["direct"] = json!(direct);
    }
    change(user(), "trust", trust)
}

fn azure() -> serde_json::Value {
    let trust = json!({ "azure": { "issuer": "https://westeurope.oic.prod-aks.azure.com/t/c/" } });
    change(user(), "trust", trust)
}

#[tokio::test(start_paused = true)]
async fn every_form_of_trust_is_made_changed_and_imported() {
    let elsewhere = change(user(), "trust", json!({ "gke": { "pool": POOL } }));
    for (config, changed) in [(gke(None), gke(Some(true))), (elsewhere, azure())] {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let role = harness.resource(NAME);
        role.lifecycle(config.clone(), changed).await;
        let state = role.create(config.clone()).await;
        let imported = role.import("userflyterole").await;
        for kept in ["trust", "subjects", "trust_policy", "principal"] {
            assert_eq!(imported[kept], state[kept], "{kept}");
        }
        let before = memory.calls().len();
        let taken = role.update(&imported, config.clone()).await;
        let calls = memory.calls().split_off(before);
        let writes = ["roles.update", "roles.set_tags"];
        assert!(
            !calls.iter().any(|call| writes.contains(call)),
            "only the state learns of it: {calls:?}"
        );
        role.settled(&taken, config).await;
    }
}

#[tokio::test]
async fn a_pool_and_an_issuer_have_their_grammar() {
    let harness = over(&Memory::default()).await;
    let role = harness.resource(NAME);
    for (trust, at, part) in [
        (
            json!({ "gke": { "pool": "acme-prod" } }),
            "trust.gke.pool",
            "PROJECT.svc.id.goog",
        ),
        (
            json!({ "azure": { "issuer": "http://issuer.example" } }),
            "trust.azure.issuer",
            "https",
        ),
        (
            json!({ "gke": { "pool": POOL }, "azure": { "issuer": "https://a.example" } }),
            "trust",
            "exactly one of",
        ),
    ] {
        refuses(&role, change(user(), "trust", trust), at, &[part]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_cloud_has_no_such_thing_as_is_refused_in_the_plan() {
    for (field, at) in [
        ("path", "path"),
        ("permissions_boundary", "permissions_boundary"),
        ("max_session", "max_session_duration"),
        ("trust", "trust"),
        ("buckets", "buckets"),
    ] {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let role = harness.resource(NAME);
        let state = role.create(user()).await;
        let made = memory.calls().len();
        memory.refuse(
            "roles.check",
            Refusal::new(field, "This cloud has no such thing."),
        );
        // Also while the cluster that issues the tokens is yet to be made, or what the role is named after.
        let trust = json!({ "irsa": { "provider_arn": UNKNOWN } });
        for config in [
            user(),
            change(user(), "trust", trust),
            change(user(), "name", json!(UNKNOWN)),
        ] {
            let refused = role.try_plan(Some(&state), config).await.unwrap_err();
            assert_eq!(
                refused[0].path.as_ref().map(ToString::to_string),
                Some(at.to_owned())
            );
            assert!(
                refused[0].to_string().contains("no such thing"),
                "{refused:?}"
            );
        }
        assert_eq!(memory.calls().len(), made, "nothing was called");
    }
}

#[tokio::test]
async fn azure_has_no_role_that_writes_logs() {
    let harness = of_clouds("acme-prod", testing::azure()).await;
    let role = harness.resource(NAME);
    let mut config = azure();
    config["profile"] = json!("log_writer");
    config["buckets"] = json!(null);
    config["logs"] = json!(["acme-prod"]);
    let said = role.try_plan(None, config).await.unwrap_err();
    says_first(
        &said,
        "profile",
        &[
            "leave this role out",
            "`log_writer` in the operator's `roles`",
        ],
    );
}
