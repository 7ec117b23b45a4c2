//! RBAC of a component: roles from its rules, and their bindings to its service account.

use k8s_openapi::{
    api::rbac::v1::{
        ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{Object, Running, object};
use crate::{
    OperatorConfig,
    components::{Rule, Scope},
    config::PermissionLevel,
};

pub(super) fn rules(config: &OperatorConfig, component: &Running<'_>) -> Vec<Object> {
    let mut objects = Vec::new();
    let all = || {
        let of_settings = (component.workload.rules_of_settings)(config);
        component.workload.rules.iter().chain(of_settings)
    };
    let scopes = all().fold(Vec::new(), |mut scopes: Vec<Scope>, rule| {
        if !scopes.contains(&rule.scope) {
            scopes.push(rule.scope);
        }
        scopes
    });
    for scope in scopes {
        let rules: Vec<PolicyRule> = all()
            .filter(|rule| rule.scope == scope)
            .map(policy_rule)
            .collect();
        match (scope, config.permissions) {
            (Scope::Namespace, _) => {
                objects.extend(role(
                    config,
                    component,
                    object::meta(config, Some(component.name()), component.name()),
                    rules,
                ));
            }
            (Scope::Cluster { low }, PermissionLevel::Low) => {
                let metadata = ObjectMeta {
                    namespace: Some(low.to_owned()),
                    ..object::cluster_meta(config, component.name())
                };
                objects.extend(role(config, component, metadata, rules));
            }
            (Scope::Cluster { .. }, PermissionLevel::Standard) => {
                objects.extend(cluster_role(config, component, rules));
            }
            (Scope::Tasks, _) => objects.extend(where_tasks_run(config, component, &rules)),
        }
    }
    objects
}

/// A role in each namespace that the executor is told; where it is told none it works in all of them.
fn where_tasks_run(
    config: &OperatorConfig,
    component: &Running<'_>,
    rules: &[PolicyRule],
) -> Vec<Object> {
    let named = config
        .components
        .executor
        .as_ref()
        .map_or(&[][..], |executor| &executor.namespaces);
    if named.is_empty() {
        return cluster_role(config, component, rules.to_vec()).into();
    }
    named
        .iter()
        .flat_map(|namespace| {
            let metadata = ObjectMeta {
                namespace: Some(namespace.to_string()),
                ..object::cluster_meta(config, component.name())
            };
            role(config, component, metadata, rules.to_vec())
        })
        .collect()
}

fn role(
    config: &OperatorConfig,
    component: &Running<'_>,
    metadata: ObjectMeta,
    rules: Vec<PolicyRule>,
) -> [Object; 2] {
    let binding = RoleBinding {
        metadata: metadata.clone(),
        role_ref: role_ref("Role", &metadata),
        subjects: Some(vec![subject(config, component)]),
    };
    [
        Object::of(&Role {
            metadata,
            rules: Some(rules),
        }),
        Object::of(&binding),
    ]
}

fn cluster_role(
    config: &OperatorConfig,
    component: &Running<'_>,
    rules: Vec<PolicyRule>,
) -> [Object; 2] {
    let metadata = object::cluster_meta(config, component.name());
    let binding = ClusterRoleBinding {
        metadata: metadata.clone(),
        role_ref: role_ref("ClusterRole", &metadata),
        subjects: Some(vec![subject(config, component)]),
    };
    let role = ClusterRole {
        metadata,
        rules: Some(rules),
        ..ClusterRole::default()
    };
    [Object::of(&role), Object::of(&binding)]
}

fn policy_rule(rule: &Rule) -> PolicyRule {
    let owned = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    PolicyRule {
        api_groups: Some(vec![rule.group.to_owned()]),
        resources: Some(owned(rule.resources)),
        resource_names: (!rule.names.is_empty()).then(|| owned(rule.names)),
        verbs: owned(rule.verbs),
        ..PolicyRule::default()
    }
}

fn role_ref(kind: &str, metadata: &ObjectMeta) -> RoleRef {
    RoleRef {
        api_group: Some("rbac.authorization.k8s.io".to_owned()),
        kind: kind.to_owned(),
        name: metadata.name.clone().unwrap_or_default(),
    }
}

fn subject(config: &OperatorConfig, component: &Running<'_>) -> Subject {
    Subject {
        kind: "ServiceAccount".to_owned(),
        name: component.name().to_owned(),
        namespace: Some(config.namespace.to_string()),
        ..Subject::default()
    }
}
