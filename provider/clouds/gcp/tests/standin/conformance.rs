//! The conformance suites, by the project's owner and by whoever has just the permissions that are said to be needed.

use clouds::account::Managed;
use clouds::conformance::Environment;
use clouds::{Clouds, Error, conformance};
use serde_json::json;

use crate::connectivity::connectivity;
use crate::environment::environment;
use crate::project::Project;
use crate::{REGION, left};

/// The suite of a kind of object.
async fn suite(managed: Managed, clouds: &Clouds, environment: &Environment, project: &Project) {
    match managed {
        Managed::Buckets => conformance::buckets::suite(&*clouds.buckets, environment).await,
        Managed::IdentityProviders => {
            conformance::identity_providers::suite(&*clouds.identity_providers, environment).await;
        }
        Managed::Roles => conformance::roles::suite(&*clouds.roles, environment).await,
        Managed::Registries => {
            conformance::registries::suite(&*clouds.registries, environment).await;
        }
        Managed::LogGroups => {
            conformance::log_groups::suite(&*clouds.log_groups, environment).await;
        }
        Managed::Secrets => conformance::secrets::suite(&*clouds.secrets, environment).await,
        Managed::PrivateServices => {
            let around = connectivity(project, &environment.run).await;
            let services = &*clouds.private_services;
            conformance::private_services::suite(services, environment, &around).await;
        }
        Managed::PrivateEndpoints => {
            let around = connectivity(project, &environment.run).await;
            let endpoints = &*clouds.private_endpoints;
            conformance::private_endpoints::suite(endpoints, environment, &around).await;
        }
        Managed::Clusters => conformance::clusters::suite(&*clouds.clusters, environment).await,
    }
}

/// By the project's owner.
async fn conforms(run: &str, managed: Managed) {
    let (clouds, environment, project) = environment(run).await;
    suite(managed, &clouds, &environment, &project).await;
    project.no_violations().await;
}

#[tokio::test]
async fn buckets() {
    conforms("buckets", Managed::Buckets).await;
}

#[tokio::test]
async fn identity_providers() {
    conforms("idp", Managed::IdentityProviders).await;
}

#[tokio::test]
async fn roles() {
    conforms("roles", Managed::Roles).await;
}

#[tokio::test]
async fn registries() {
    conforms("registries", Managed::Registries).await;
}

#[tokio::test]
async fn log_groups() {
    conforms("logs", Managed::LogGroups).await;
}

#[tokio::test]
async fn secrets() {
    conforms("secrets", Managed::Secrets).await;
}

#[tokio::test]
async fn private_services() {
    conforms("psvc", Managed::PrivateServices).await;
}

#[tokio::test]
async fn private_endpoints() {
    conforms("pend", Managed::PrivateEndpoints).await;
}

#[tokio::test]
async fn clusters() {
    conforms("clusters", Managed::Clusters).await;
}

#[tokio::test]
async fn the_account() {
    let (clouds, _, project) = environment("account").await;
    conformance::account::suite(&*clouds.account).await;
    let caller = clouds.account.caller().await.unwrap();
    assert_eq!(caller.account.as_str(), project.id);
    project.no_violations().await;
}

/// Whoever has what `required` says, and nothing else, can do all that is done with objects of this kind.
async fn suffices(run: &str, managed: Managed) {
    let (clouds, environment, project) = environment(run).await;
    let everything = clouds::account::Within::default();
    let all = clouds::account::Operation::ALL.into();
    let role = clouds
        .account
        .required(&[managed].into(), &[].into(), &all, &everything)
        .await
        .unwrap();
    let person = json!({ "name": "narrow", "permissions": role.value()["includedPermissions"] });
    let person = project.administer("POST", "people", person).await;
    let token = person["token"].as_str().unwrap().to_owned();
    let narrow = clouds_gcp::connect(clouds_gcp::Config {
        credentials: clouds_gcp::Credentials::Token(token.into()),
        ..project.config(REGION)
    });
    suite(managed, &narrow, &environment, &project).await;
    if managed == Managed::Roles {
        left::switched_off(&*narrow.roles, &environment, &project).await;
    }
}

#[tokio::test]
async fn what_the_caller_needs_is_enough() {
    for (number, managed) in Managed::ALL.into_iter().enumerate() {
        suffices(&format!("least{number}"), managed).await;
    }
}

/// Nothing is called in a project that was not allowed.
#[tokio::test]
async fn a_project_that_is_not_allowed() {
    let project = Project::new("allowed").await;
    let config = clouds_gcp::Config {
        allowed_projects: ["other-project".parse().unwrap()].into(),
        ..project.config(REGION)
    };
    let refused = clouds_gcp::connect(config)
        .buckets
        .get(&"some-bucket".parse().unwrap())
        .await
        .unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, Error::WrongAccount { .. }), "{said}");
    assert!(
        said.contains(&project.id) && said.contains("other-project"),
        "{said}"
    );
    assert_eq!(project.calls().await, Vec::<String>::new());
}

/// A name that was deleted is brought back and made what it should be.
#[tokio::test]
async fn deleted_names_come_back() {
    let (clouds, environment, project) = environment("undelete").await;
    let tags = environment.marks(Managed::LogGroups);
    let new = clouds::log_groups::NewLogGroup {
        name: "tasks-again".parse().unwrap(),
        kms_key: None,
        tags,
    };
    clouds.log_groups.create(&new).await.unwrap();
    let found = clouds.log_groups.get(&new.name).await.unwrap();
    let retention = clouds::log_groups::Retention::try_from(90).ok();
    clouds
        .log_groups
        .configure(
            &found,
            &clouds::log_groups::LogGroupSettings {
                retention,
                kms_key: None,
            },
        )
        .await
        .unwrap();
    clouds.log_groups.delete(&new.name).await.unwrap();
    clouds.log_groups.create(&new).await.unwrap();
    assert_eq!(clouds.log_groups.get(&new.name).await.unwrap(), found);

    let issuer = "https://issuer.example.com/undelete".parse().unwrap();
    let tags = environment.marks(Managed::IdentityProviders);
    let mut new = clouds::identity_providers::NewIdentityProvider {
        name: None,
        issuer,
        audiences: ["a".parse().unwrap()].into(),
        tags,
    };
    let made = clouds.identity_providers.create(&new).await.unwrap();
    clouds.identity_providers.delete(&made.id).await.unwrap();
    new.audiences = ["b".parse().unwrap()].into();
    let again = clouds.identity_providers.create(&new).await.unwrap();
    assert_eq!((&again.id, &again.audiences), (&made.id, &new.audiences));
    clouds.identity_providers.delete(&made.id).await.unwrap();
    new.tags
        .insert(clouds::tags::OWNER.to_owned(), "somebody-else".to_owned());
    let refused = clouds.identity_providers.create(&new).await.unwrap_err();
    assert!(
        matches!(refused, Error::Invalid(_)) && refused.to_string().contains("30 days"),
        "{refused}"
    );
    project.no_violations().await;
}
