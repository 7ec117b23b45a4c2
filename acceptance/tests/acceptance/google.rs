//! The stand-in for Google Cloud does what tests of the provider take for granted: it is right by Google's own clients, keeps
//! tests apart, fails where it is told to, and gives pods what policies give them. The provider's own tests on it are below.

mod bad_input;
pub mod bench;
pub mod complete;
mod complete_byoc;
pub mod complete_private;
mod elsewhere;
mod examples;
mod faults;
mod leftovers;
mod looked_up;
mod made_network;
mod permissions;
pub mod private;
mod sovereign;
mod vendor_access;

use std::{panic::AssertUnwindSafe, process::Command, time::Duration};

use acceptance::{
    cluster::{Cluster, Kubectl},
    google::{Answer, Caller, Fault, Google, Project, REGION},
    setup,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

const POOLS: &str = "projects.locations.workloadIdentityPools";

/// Adds a binding to a policy that was read.
fn bound(mut policy: Value, role: &str, member: &str) -> Value {
    let binding = json!({ "role": role, "members": [member] });
    match policy["bindings"].as_array_mut() {
        Some(bindings) => bindings.push(binding),
        None => policy["bindings"] = json!([binding]),
    }
    policy
}

fn make_bucket(owner: &Caller, name: &str) -> Result<()> {
    let uniform = json!({ "uniformBucketLevelAccess": { "enabled": true } });
    let body = json!({ "name": name, "location": "EU", "iamConfiguration": uniform });
    let parameters = json!({ "project": owner.project, "body": body });
    owner
        .call("storage.v1", "buckets.insert", &parameters)
        .map(drop)
}

/// A service account that a member may be, and that may read and write one bucket.
fn role_for(owner: &Caller, member: &str, bucket: &str) -> Result<String> {
    const ACCOUNTS: &str = "projects.serviceAccounts";
    let parameters = json!({ "name": format!("projects/{}", owner.project), "body": { "accountId": "user-role" } });
    let made = owner.call("iam.v1", &format!("{ACCOUNTS}.create"), &parameters)?;
    let policy = owner.call(
        "iam.v1",
        &format!("{ACCOUNTS}.getIamPolicy"),
        &json!({ "resource": made["name"] }),
    )?;
    let policy = bound(policy, "roles/iam.workloadIdentityUser", member);
    owner.call(
        "iam.v1",
        &format!("{ACCOUNTS}.setIamPolicy"),
        &json!({ "resource": made["name"], "body": { "policy": policy } }),
    )?;
    let email = made["email"].as_str().context("an e-mail address")?;
    make_bucket(owner, bucket)?;
    let policy = owner.call(
        "storage.v1",
        "buckets.getIamPolicy",
        &json!({ "bucket": bucket }),
    )?;
    let policy = bound(
        policy,
        "roles/storage.objectUser",
        &format!("serviceAccount:{email}"),
    );
    owner.call(
        "storage.v1",
        "buckets.setIamPolicy",
        &json!({ "bucket": bucket, "body": policy }),
    )?;
    Ok(email.to_owned())
}

/// Reads and writes the bucket, and nothing else.
fn has_the_bucket_only(session: &Caller, owner: &Caller, bucket: &str) -> Result<()> {
    let object = json!({ "bucket": bucket, "object": "a/b" });
    let content = json!({ "bucket": bucket, "name": "a/b", "content": "text" });
    session.call("storage.v1", "objects.insert", &content)?;
    let read = session.call("storage.v1", "objects.get_media", &object)?;
    assert_eq!(read, "text");
    let refused = session.refused("storage.v1", "buckets.delete", &json!({ "bucket": bucket }))?;
    assert_eq!(refused, 403);
    let parent = format!("projects/{}", owner.project);
    let secret = json!({ "parent": parent, "secretId": "key", "body": { "replication": { "automatic": {} } } });
    owner.call("secretmanager.v1", "projects.secrets.create", &secret)?;
    let name = format!("{parent}/secrets/key/versions/latest");
    let access = json!({ "name": name });
    let refused = session.refused(
        "secretmanager.v1",
        "projects.secrets.versions.access",
        &access,
    )?;
    assert_eq!(refused, 403);
    Ok(())
}

#[test]
fn it_passes_its_own_tests() -> Result<()> {
    let output = Command::new(setup::python("python")?)
        .args(["-m", "unittest", "discover", "-t", ".", "-s", "tests"])
        .current_dir(setup::checkout().join("acceptance/google"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .context("starting its tests")?;
    let printed = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{printed}");
    ensure!(!printed.contains("Ran 0 tests"), "{printed}");
    Ok(())
}

#[test]
fn a_violation_fails_the_test_that_made_it() -> Result<()> {
    let google = Google::shared()?;
    let project = Project::new(&google)?;
    let other = Project::new(&google)?;
    let owner = project.owner().clone();
    let wrong = json!({ "project": owner.project, "body": { "name": "a-bucket", "location": "EU", "x": 1 } });
    assert_eq!(owner.refused("storage.v1", "buckets.insert", &wrong)?, 400);
    assert_eq!(other.take_violations()?, [""; 0]);
    let dropped = std::panic::catch_unwind(AssertUnwindSafe(|| drop(project)));
    let why = dropped.expect_err("a violation");
    let why = why.downcast_ref::<String>().context("a text")?;
    assert!(why.contains("body.x is not a field of Bucket"), "{why}");
    Ok(())
}

#[test]
fn faults_come_when_they_are_due() -> Result<()> {
    let google = Google::shared()?;
    let project = Project::new(&google)?;
    let owner = project.owner();
    let list = json!({ "project": owner.project });
    let fault = |calls, answer| {
        project.fault(&Fault {
            method: "storage.buckets.list",
            calls,
            answer,
        })
    };
    fault(0..1, Answer::QuotaExceeded)?;
    assert_eq!(owner.refused("storage.v1", "buckets.list", &list)?, 429);
    owner.call("storage.v1", "buckets.list", &list)?;
    let calls = project.take_calls()?;
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.method.as_str(), call.status))
        .collect();
    assert_eq!(
        seen,
        [("storage.buckets.list", 429), ("storage.buckets.list", 200)]
    );

    project.clear_faults()?;
    let gate = project.gate();
    fault(0..1, Answer::Held(gate.clone()))?;
    std::thread::scope(|scope| {
        let held = scope.spawn(|| owner.call("storage.v1", "buckets.list", &list));
        gate.until_held(1, Duration::from_secs(20))?;
        ensure!(!held.is_finished(), "the call passed the gate");
        gate.open()?;
        held.join().expect("the thread ends").map(drop)
    })
}

#[test]
fn a_person_may_do_what_is_listed() -> Result<()> {
    let google = Google::shared()?;
    let project = Project::new(&google)?;
    make_bucket(project.owner(), "person-of-a-project")?;
    let person = project.person("reader", &["storage.buckets.get"])?;
    let bucket = json!({ "bucket": "person-of-a-project" });
    person.call("storage.v1", "buckets.get", &bucket)?;
    assert_eq!(
        person.refused("storage.v1", "buckets.delete", &bucket)?,
        403
    );
    Ok(())
}

#[test]
fn gcloud_works_on_it() -> Result<()> {
    let google = Google::shared()?;
    let project = Project::new(&google)?;
    let owner = project.owner();
    owner.gcloud(&[
        "storage",
        "buckets",
        "create",
        "gs://made-by-gcloud",
        "--location=eu",
        "--uniform-bucket-level-access",
    ])?;
    let found = owner.call(
        "storage.v1",
        "buckets.get",
        &json!({ "bucket": "made-by-gcloud" }),
    )?;
    assert_eq!(
        found["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"],
        true
    );
    owner.gcloud(&["iam", "service-accounts", "create", "by-gcloud"])?;
    owner.gcloud(&[
        "secrets",
        "create",
        "by-gcloud",
        "--replication-policy=automatic",
    ])?;
    let listed = owner.gcloud(&["secrets", "list", "--format=value(name)"])?;
    assert_eq!(listed.trim(), "by-gcloud");
    Ok(())
}

#[test]
fn a_pod_on_gke_gets_what_bindings_give() -> Result<()> {
    let google = Google::shared()?;
    let project = Project::new(&google)?;
    let owner = project.owner();
    let cluster = Cluster::start_on(project.gke_site(REGION, "prod"))?;
    project.host_on_gke(REGION, "prod", &cluster)?;
    let kubectl = cluster.kubectl()?;
    kubectl.run(&["create", "namespace", "acme"])?;
    for account in ["trusted", "other"] {
        kubectl.run(&["create", "serviceaccount", account, "-n", "acme"])?;
    }

    let pool = project.gke_pool();
    let member = format!("serviceAccount:{pool}[acme/trusted]");
    let email = role_for(owner, &member, "pod-on-gke")?;
    let token = cluster.token("acme", "trusted", &pool)?;
    let session = project.pod_on_gke(&cluster, &token, Some(&email))?;
    has_the_bucket_only(&session, owner, "pod-on-gke")?;
    let other = cluster.token("acme", "other", &pool)?;
    ensure!(
        project.pod_on_gke(&cluster, &other, Some(&email)).is_err(),
        "another service account became {email}"
    );
    let elsewhere = cluster.token("acme", "trusted", "elsewhere")?;
    ensure!(
        project.pod_on_gke(&cluster, &elsewhere, None).is_err(),
        "a token for another audience was exchanged"
    );

    // Google's tokens open the cluster, as far as the project's policy lets.
    let found = owner.gke_cluster(REGION, "prod")?;
    assert_eq!(
        found["endpoint"],
        cluster.endpoint().trim_start_matches("https://")
    );
    for (who, opens) in [(owner, true), (&session, false)] {
        let kubeconfig = cluster.directory().join("by-token");
        cluster.write_kubeconfig(&kubeconfig, "gke", &json!({ "token": who.token }))?;
        let nodes = Kubectl::new(&kubeconfig)?.run(&["get", "nodes"]);
        assert_eq!(nodes.is_ok(), opens, "{nodes:?}");
    }
    Ok(())
}

#[test]
fn a_pod_elsewhere_is_known_by_its_provider() -> Result<()> {
    let google = Google::shared()?;
    let project = Project::new(&google)?;
    let owner = project.owner();
    let cluster = Cluster::shared_own()?;
    google.trust(&cluster)?;
    let kubectl = cluster.kubectl()?;
    kubectl.run(&["create", "namespace", "google-elsewhere"])?;
    kubectl.run(&["create", "serviceaccount", "pod", "-n", "google-elsewhere"])?;

    let parent = format!("projects/{}/locations/global", project.id);
    owner.call(
        "iam.v1",
        &format!("{POOLS}.create"),
        &json!({ "parent": parent, "workloadIdentityPoolId": "clusters", "body": {} }),
    )?;
    let pool = format!(
        "projects/{}/locations/global/workloadIdentityPools/clusters",
        project.number
    );
    let body = json!({
        "attributeMapping": { "google.subject": "assertion.sub" }, "oidc": { "issuerUri": cluster.issuer() },
    });
    owner.call(
        "iam.v1",
        &format!("{POOLS}.providers.create"),
        &json!({ "parent": format!("{parent}/workloadIdentityPools/clusters"), "workloadIdentityPoolProviderId": "shared", "body": body }),
    )?;

    let subject = "system:serviceaccount:google-elsewhere:pod";
    let member = format!("principal://iam.googleapis.com/{pool}/subject/{subject}");
    let email = role_for(owner, &member, "pod-elsewhere")?;
    let provider = format!("{pool}/providers/shared");
    let audience = format!("https://iam.googleapis.com/{provider}");
    let token = cluster.token("google-elsewhere", "pod", &audience)?;
    let session = project.pod_elsewhere(&provider, &token, Some(&email))?;
    has_the_bucket_only(&session, owner, "pod-elsewhere")?;
    let wrong = cluster.token("google-elsewhere", "pod", "elsewhere")?;
    let refused = project
        .pod_elsewhere(&provider, &wrong, None)
        .expect_err("an audience of another");
    assert!(format!("{refused:#}").contains("audience"), "{refused:#}");
    Ok(())
}
