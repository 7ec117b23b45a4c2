//! What is left of roles whose service account somebody else deleted: nothing, once we have been there.

use std::collections::BTreeSet;

use clouds::Error;
use clouds::account::Managed;
use clouds::conformance::Environment;
use clouds::roles::{Capability, ForeignPolicy, RoleSpec, Subject, Trust};
use serde_json::{Value, json};

use crate::REGION;
use crate::environment::{BUCKET, environment};
use crate::project::Project;

fn spec(
    project: &Project,
    direct: bool,
    subjects: &[&str],
    capabilities: &BTreeSet<Capability>,
) -> RoleSpec {
    let subject = |name: &&str| Subject::new("union", name).unwrap();
    RoleSpec {
        name: "left-role".parse().unwrap(),
        path: None,
        permissions_boundary: None,
        max_session: None,
        trust: Trust::Gke {
            pool: format!("{}.svc.id.goog", project.id).parse().unwrap(),
            direct,
        },
        subjects: subjects.iter().map(subject).collect(),
        capabilities: capabilities.clone(),
    }
}

/// The policies of the objects that a role of the suites reaches, as text.
async fn policies(project: &Project) -> String {
    let bucket = project.bucket_policy(&project.bucket(BUCKET)).await;
    format!("{bucket} {}", project.policy().await)
}

async fn made(roles: &dyn clouds::Roles, environment: &Environment, spec: &RoleSpec) {
    let tags = environment.made(Managed::Roles);
    let made = roles.create(spec, &tags).await.unwrap();
    roles.update(&made, spec).await.unwrap();
}

async fn deleted_by_another(project: &Project, name: &str) {
    let path = format!("v1/{}", project.account(name));
    project.send("DELETE", "iam", &path, None::<Value>).await;
}

/// A service account that somebody switched off is switched on again, by whoever may update roles.
pub async fn switched_off(roles: &dyn clouds::Roles, environment: &Environment, project: &Project) {
    let spec = spec(project, false, &["executor"], &environment.capabilities[0]);
    made(roles, environment, &spec).await;
    let path = format!("v1/{}:disable", project.account("left-role"));
    project.send("POST", "iam", &path, Some(json!({}))).await;
    let found = roles.get(&spec.name, Some(&spec)).await.unwrap();
    let documents = roles.documents(&spec).await.unwrap();
    assert!(found.differs(&spec, &documents));
    roles.update(&found, &spec).await.unwrap();
    let found = roles.get(&spec.name, Some(&spec)).await.unwrap();
    assert!(!found.differs(&spec, &documents));
}

/// The identities of pods have the rights themselves, and somebody else's stay.
#[tokio::test]
async fn pods_have_rights_directly_and_lose_them() {
    let (clouds, environment, project) = environment("direct").await;
    let [first, second] = &environment.capabilities;
    let spec = |subjects: &[&str], capabilities| spec(&project, true, subjects, capabilities);
    let roles = &clouds.roles;
    let mut known = spec(&["executor"], first);
    let tags = environment.made(Managed::Roles);
    let mut found = roles.create(&known, &tags).await.unwrap();
    for wanted in [
        known.clone(),
        spec(&["proxy", "executor"], first),
        spec(&["proxy"], second),
    ] {
        roles.update(&found, &wanted).await.unwrap();
        found = roles.get(&wanted.name, Some(&wanted)).await.unwrap();
        let documents = roles.documents(&wanted).await.unwrap();
        assert!(
            !found.differs(&wanted, &documents),
            "{found:?}\n{documents:?}"
        );
        assert_eq!(
            (found.trust.as_ref(), &found.subjects),
            (Some(&wanted.trust), &wanted.subjects)
        );
        assert!(found.service_account_annotations.is_empty());
        known = wanted;
    }
    let held = policies(&project).await;
    assert!(
        held.contains("/subject/ns/union/sa/proxy") && !held.contains("sa/executor"),
        "{held}"
    );
    // Before it is updated, the role is what it was: both are known, and both go.
    let nothing = spec(&[], &BTreeSet::new());
    roles.update(&found, &nothing).await.unwrap();
    let found = roles.get(&known.name, Some(&known)).await.unwrap();
    roles.delete(&found).await.unwrap();
    let held = policies(&project).await;
    assert!(
        !held.contains("left-role") && !held.contains("/sa/"),
        "{held}"
    );
    project.no_violations().await;
}

#[tokio::test]
async fn nothing_stays_of_a_role_that_is_gone() {
    for (run, direct) in [("gone", false), ("gonedirect", true)] {
        let (clouds, environment, project) = environment(run).await;
        let spec = spec(
            &project,
            direct,
            &["executor"],
            &environment.capabilities[0],
        );
        made(&*clouds.roles, &environment, &spec).await;
        let before = project.policy().await;
        deleted_by_another(&project, "left-role").await;
        // In a process that made it a moment ago it would be waited for.
        let roles = &*clouds_gcp::connect(project.config(REGION)).roles;
        let gone = roles.get(&spec.name, Some(&spec)).await;
        assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
        let held = policies(&project).await;
        let left = if direct {
            "/sa/executor"
        } else {
            "deleted:serviceAccount:left-role@"
        };
        assert!(held.contains(left), "{held}");

        roles.forget(&spec).await.unwrap();
        let held = policies(&project).await;
        assert!(
            !held.contains("left-role") && !held.contains("/sa/"),
            "{held}"
        );
        let owner = |policy: &Value| policy["bindings"][0].clone();
        assert_eq!(
            owner(&project.policy().await),
            owner(&before),
            "others' stay"
        );
        project.calls().await;
        roles.forget(&spec).await.unwrap();
        let calls = project.calls().await;
        assert!(
            !calls.iter().any(|call| call.contains("setIamPolicy")),
            "nothing is written twice: {calls:?}"
        );
        project.no_violations().await;
    }
}

/// A service account that somebody made again under the same name is another one.
#[tokio::test]
async fn what_is_left_of_one_that_was_made_again_is_seen_and_goes() {
    let (clouds, environment, project) = environment("again").await;
    let roles = &*clouds.roles;
    let spec = spec(&project, false, &["executor"], &environment.capabilities[0]);
    for removed in [false, true] {
        let found = roles.get(&spec.name, Some(&spec)).await;
        match found {
            Ok(found) => roles.update(&found, &spec).await.unwrap(),
            Err(_) => made(roles, &environment, &spec).await,
        }
        deleted_by_another(&project, "left-role").await;
        let new = json!({ "accountId": "left-role" });
        let path = format!("v1/projects/{}/serviceAccounts", project.id);
        project.send("POST", "iam", &path, Some(new)).await;

        let found = roles.get(&spec.name, Some(&spec)).await.unwrap();
        let left = |policy: &ForeignPolicy| {
            policy
                .to_string()
                .contains("deleted:serviceAccount:left-role@")
        };
        assert!(
            found.foreign_policies.iter().any(left),
            "{:?}",
            found.foreign_policies
        );
        if removed {
            roles.delete(&found).await.unwrap();
        } else {
            roles.update(&found, &spec).await.unwrap();
        }
        let held = policies(&project).await;
        assert!(!held.contains("deleted:"), "{held}");
        assert_eq!(held.contains("left-role"), !removed, "{held}");
    }
    project.no_violations().await;
}
