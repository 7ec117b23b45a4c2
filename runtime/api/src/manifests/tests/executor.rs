//! What the executor may do, and where.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{at, example, low};
use crate::{
    OperatorConfig,
    config::{CodeBundles, ExecutorSettings, PermissionLevel},
    manifests::{Object, render},
};

fn with_executor(config: OperatorConfig, namespaces: &[&str]) -> OperatorConfig {
    let mut config = config;
    config.components.executor = Some(ExecutorSettings {
        namespaces: namespaces
            .iter()
            .map(|name| name.parse().unwrap())
            .collect(),
        ..ExecutorSettings::default()
    });
    config
}

/// Kind and namespace of the executor's roles, with what they allow.
fn roles(config: &OperatorConfig) -> Vec<(String, Option<String>, BTreeSet<String>)> {
    let is_of_executor = |object: &&Object| {
        matches!(object.kind.as_str(), "Role" | "ClusterRole") && object.name.contains("executor")
    };
    render(config)
        .unwrap()
        .iter()
        .filter(is_of_executor)
        .map(|role| {
            let namespace = role
                .body
                .pointer("/metadata/namespace")
                .and_then(Value::as_str);
            (
                role.kind.clone(),
                namespace.map(str::to_owned),
                allowed(role),
            )
        })
        .collect()
}

fn allowed(role: &Object) -> BTreeSet<String> {
    let texts = |rule: &Value, field: &str| -> Vec<String> {
        let list = rule[field].as_array().unwrap();
        list.iter()
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    };
    at(role, "/rules")
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|rule| {
            let verbs = texts(rule, "verbs").join(",");
            texts(rule, "resources")
                .into_iter()
                .map(move |resource| format!("{resource}: {verbs}"))
        })
        .collect()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn of_tasks() -> BTreeSet<String> {
    set(&[
        "pods: get,list,watch,create,delete",
        "taskactions: get,list,watch,patch,delete",
        "taskactions/status: patch",
    ])
}

#[test]
fn it_may_run_tasks_everywhere_unless_namespaces_are_named() {
    let own = (
        "Role".to_owned(),
        Some("union".to_owned()),
        set(&["leases: get,update"]),
    );
    let everywhere = ("ClusterRole".to_owned(), None, of_tasks());
    let roles_of = |config: &OperatorConfig| {
        let mut roles = roles(config);
        roles.sort();
        roles
    };
    assert_eq!(
        roles_of(&with_executor(example::config(), &[])),
        [everywhere, own.clone()]
    );
    for config in [example::config(), low()] {
        let in_namespace = |name: &str| ("Role".to_owned(), Some(name.to_owned()), of_tasks());
        assert_eq!(
            roles_of(&with_executor(
                config,
                &["fraud-staging", "risk-production"]
            )),
            [
                in_namespace("fraud-staging"),
                in_namespace("risk-production"),
                own.clone()
            ]
        );
    }
}

#[test]
fn nothing_is_rendered_of_it_until_it_is_enabled() {
    assert_eq!(roles(&example::config()), []);
    let low = with_executor(low(), &["fraud-staging"]);
    assert_eq!(low.permissions, PermissionLevel::Low);
    let objects = render(&low).unwrap();
    assert!(
        objects
            .iter()
            .any(|object| object.kind == "Deployment" && object.name == "executor")
    );
    assert!(
        !objects
            .iter()
            .any(|object| object.kind.starts_with("ClusterRole"))
    );
}

#[test]
fn it_reaches_the_buckets() {
    let policies = |config: &OperatorConfig| {
        let objects = render(config).unwrap();
        let policy = objects.iter().find(|object| {
            object.kind == "NetworkPolicy"
                && object.name.contains("executor")
                && object.name.contains("object-store")
        });
        at(policy.unwrap(), "/spec/egress/0/ports/0/port").clone()
    };
    let mut config = with_executor(example::config(), &[]);
    assert_eq!(policies(&config), 443);
    config.storage.endpoint = Some("http://minio.storage:9000".parse().unwrap());
    assert_eq!(policies(&config), 9000);
}

#[test]
fn secrets_are_made_only_where_code_is_signed_for() {
    let about_secrets = |code_bundles: CodeBundles| {
        let mut config = with_executor(example::config(), &[]);
        if let Some(executor) = &mut config.components.executor {
            executor.code_bundles = code_bundles;
        }
        let rights = roles(&config).into_iter().flat_map(|(_, _, rights)| rights);
        rights
            .filter(|right| right.contains("secrets"))
            .collect::<Vec<_>>()
    };
    assert_eq!(about_secrets(CodeBundles::Direct), Vec::<String>::new());
    assert_eq!(about_secrets(CodeBundles::Signed), ["secrets: create"]);
}
