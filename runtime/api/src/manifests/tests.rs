//! What holds for every object that is rendered, and the objects themselves as snapshots.

mod clouds;
mod executor;
mod google;
mod network;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::{
    config::{PermissionLevel, Replicas},
    labels, yaml,
};

fn everything() -> OperatorConfig {
    let mut config = example::config();
    config.components.operator.replicas = Replicas::try_from(3).unwrap();
    config.components.executor = Some(crate::config::ExecutorSettings::default());
    config.monitoring_namespace = Some("monitoring".parse().unwrap());
    config.image_pull_secrets = vec!["registry".parse().unwrap()];
    config
        .labels
        .insert("team".parse().unwrap(), "platform".parse().unwrap());
    config
        .node_selector
        .insert("pool".parse().unwrap(), "system".parse().unwrap());
    config.tolerations = serde_json::from_value(
        json!([{ "key": "dedicated", "value": "system", "effect": "NoSchedule" }]),
    )
    .unwrap();
    config.control_plane.audience = Some("control-plane".to_owned());
    config.control_plane.ca_certificate = Some(example::CA_CERTIFICATE.parse().unwrap());
    config.roles.builder.clone_from(&config.roles.admin);
    config.roles.log_writer.clone_from(&config.roles.admin);
    config
}

fn low() -> OperatorConfig {
    OperatorConfig {
        permissions: PermissionLevel::Low,
        create_namespace: false,
        ..example::config()
    }
}

fn example_workspace() -> WorkspaceConfig {
    WorkspaceConfig {
        role: example::config().roles.user,
        ..WorkspaceConfig::new(
            example::config().name,
            "fraud".parse().unwrap(),
            "staging".parse().unwrap(),
        )
    }
}

fn all() -> Vec<Object> {
    let mut objects = Vec::new();
    for config in [
        example::config(),
        everything(),
        low(),
        clouds::google(),
        clouds::azure(),
    ] {
        objects.extend(render(&config).unwrap());
    }
    for config in clouds::workspaces() {
        objects.extend(workspace(&config).unwrap());
    }
    objects.extend(clouds::executors());
    objects
}

fn at<'a>(object: &'a Object, pointer: &str) -> &'a Value {
    object
        .body
        .pointer(pointer)
        .unwrap_or_else(|| panic!("{} has no {pointer}", object.key()))
}

fn snapshot(objects: &[Object]) -> String {
    yaml::documents(objects.iter().map(|object| &object.body))
}

#[test]
fn the_smallest_configuration() {
    insta::assert_snapshot!(snapshot(&render(&example::config()).unwrap()));
}

#[test]
fn every_option() {
    insta::assert_snapshot!(snapshot(&render(&everything()).unwrap()));
}

#[test]
fn a_workspace() {
    insta::assert_snapshot!(snapshot(&workspace(&example_workspace()).unwrap()));
}

#[test]
fn every_object_has_our_marks_and_a_key_of_its_own() {
    for config in [example::config(), everything(), low()] {
        let objects = render(&config).unwrap();
        let keys: BTreeSet<String> = objects.iter().map(Object::key).collect();
        assert_eq!(keys.len(), objects.len(), "{keys:?}");
        // Patches name their target by kind and name alone.
        let targets: BTreeSet<(&str, &str)> = objects
            .iter()
            .map(|object| (object.kind.as_str(), object.name.as_str()))
            .collect();
        assert_eq!(targets.len(), objects.len(), "{targets:?}");
    }
    for object in all() {
        assert_eq!(
            at(&object, "/metadata/labels/app.kubernetes.io~1managed-by"),
            labels::DATAPLANE
        );
        assert_eq!(
            at(&object, "/metadata/labels/app.kubernetes.io~1instance"),
            "dataplane"
        );
        assert_eq!(at(&object, "/metadata/name"), object.name.as_str());
        assert_eq!(at(&object, "/kind"), object.kind.as_str());
        assert_eq!(at(&object, "/apiVersion"), object.api_version.as_str());
    }
}

#[test]
fn what_others_refer_to_comes_first() {
    let order = |kind: &str| {
        [
            "Namespace",
            "ServiceAccount",
            "ConfigMap",
            "Deployment",
            "PodDisruptionBudget",
        ]
        .iter()
        .position(|k| *k == kind)
    };
    let objects = render(&everything()).unwrap();
    let positions: Vec<usize> = objects
        .iter()
        .filter_map(|object| order(&object.kind))
        .collect();
    assert!(positions.is_sorted(), "{positions:?}");
}

#[test]
fn every_pod_passes_pod_security_restricted() {
    let mut pods = 0;
    for object in all().iter().filter(|object| object.kind == "Deployment") {
        pods += 1;
        let pod = at(object, "/spec/template/spec");
        let security = &pod["securityContext"];
        assert_eq!(security["runAsNonRoot"], true, "{}", object.key());
        assert_ne!(security["runAsUser"], 0, "{}", object.key());
        assert_eq!(
            security["seccompProfile"]["type"],
            "RuntimeDefault",
            "{}",
            object.key()
        );
        for field in ["hostNetwork", "hostPID", "hostIPC", "hostUsers"] {
            assert!(pod.get(field).is_none(), "{} sets {field}", object.key());
        }
        for volume in pod["volumes"].as_array().unwrap() {
            let sources: Vec<&String> = volume
                .as_object()
                .unwrap()
                .keys()
                .filter(|key| *key != "name")
                .collect();
            let allowed = [
                "configMap",
                "csi",
                "downwardAPI",
                "emptyDir",
                "ephemeral",
                "image",
                "persistentVolumeClaim",
                "projected",
                "secret",
            ];
            assert!(
                sources
                    .iter()
                    .all(|source| allowed.contains(&source.as_str())),
                "{}: {sources:?}",
                object.key()
            );
        }
        let containers = ["containers", "initContainers"]
            .iter()
            .filter_map(|field| pod.get(field)?.as_array())
            .flatten();
        for container in containers {
            let security = &container["securityContext"];
            assert_eq!(security["allowPrivilegeEscalation"], false);
            assert_eq!(security["capabilities"], json!({ "drop": ["ALL"] }));
            assert_eq!(security["readOnlyRootFilesystem"], true);
            assert_eq!(security["privileged"], false);
            assert!(security.get("procMount").is_none());
            for port in container["ports"].as_array().unwrap() {
                assert!(port.get("hostPort").is_none());
            }
        }
    }
    // Five configurations, the executor in one of them, and a component with a role in each of five.
    assert_eq!(pods, 11);
}

#[test]
fn every_container_has_requests_limits_and_probes() {
    for object in all().iter().filter(|object| object.kind == "Deployment") {
        for container in at(object, "/spec/template/spec/containers")
            .as_array()
            .unwrap()
        {
            for kind in ["requests", "limits"] {
                for resource in ["cpu", "memory"] {
                    assert!(
                        container["resources"][kind][resource].is_string(),
                        "{}: {kind} {resource}",
                        object.key()
                    );
                }
            }
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
                let probe = &container[probe]["httpGet"];
                assert!(
                    probe.is_object() && probe.get("host").is_none(),
                    "{}: {probe}",
                    object.key()
                );
            }
        }
    }
}

#[test]
fn nothing_is_reachable_from_outside() {
    for object in all().iter().filter(|object| object.kind == "Service") {
        assert_eq!(at(object, "/spec/type"), "ClusterIP", "{}", object.key());
    }
    for kind in ["Ingress", "HTTPRoute", "Gateway"] {
        assert!(all().iter().all(|object| object.kind != kind));
    }
}

#[test]
fn no_role_has_a_wildcard() {
    let roles: Vec<Object> = all()
        .into_iter()
        .filter(|object| object.kind.ends_with("Role"))
        .collect();
    assert!(!roles.is_empty());
    for object in &roles {
        for rule in at(object, "/rules").as_array().unwrap() {
            for field in ["verbs", "resources", "apiGroups"] {
                let texts = rule[field].as_array().unwrap();
                assert!(
                    !texts.is_empty() && texts.iter().all(|text| *text != "*"),
                    "{}: {rule}",
                    object.key()
                );
            }
        }
    }
}

#[test]
fn low_permissions_need_nothing_cluster_wide() {
    for object in render(&low()).unwrap() {
        assert!(
            object.namespace.is_some(),
            "{} is cluster-wide",
            object.key()
        );
    }
}

#[test]
fn no_secret_is_rendered() {
    assert!(all().iter().all(|object| object.kind != "Secret"));
}

#[test]
fn each_pod_may_read_and_update_the_lease_of_its_component_alone() {
    for config in [example::config(), everything(), low()] {
        let objects = render(&config).unwrap();
        let leases: Vec<_> = objects
            .iter()
            .filter(|object| object.kind == "Lease")
            .collect();
        let components: &[&str] = match config.components.executor {
            Some(_) => &["operator", "executor"],
            None => &["operator"],
        };
        let names: Vec<&str> = leases.iter().map(|lease| lease.name.as_str()).collect();
        assert_eq!(names, components);
        // What holds it belongs to the operator: Terraform must not give it back.
        assert!(leases.iter().all(|lease| lease.body.get("spec").is_none()));
        let granted: Vec<(&str, &str, &Value)> = objects
            .iter()
            .filter_map(|object| Some((object, object.body.get("rules")?.as_array()?)))
            .flat_map(|(object, rules)| {
                rules
                    .iter()
                    .map(|rule| (object.kind.as_str(), object.name.as_str(), rule))
            })
            .filter(|(_, _, rule)| rule["apiGroups"] == json!(["coordination.k8s.io"]))
            .collect();
        let rules: Vec<Value> = components
            .iter()
            .map(|name| json!({ "apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "resourceNames": [name], "verbs": ["get", "update"] }))
            .collect();
        let expected: Vec<_> = components
            .iter()
            .zip(&rules)
            .map(|(name, rule)| ("Role", *name, rule))
            .collect();
        assert_eq!(granted, expected);
    }
}

#[test]
fn without_a_role_there_is_no_account_for_it() {
    let config = OperatorConfig {
        roles: crate::config::Roles::default(),
        ..example::config()
    };
    let accounts: Vec<String> = render(&config)
        .unwrap()
        .into_iter()
        .filter(|object| object.kind == "ServiceAccount")
        .map(|object| object.name)
        .collect();
    assert_eq!(accounts, ["operator"]);
}

#[test]
fn a_change_of_configuration_rolls_the_pods_and_a_patch_does_not() {
    let checksum = |config: &OperatorConfig| {
        let objects = render(config).unwrap();
        let deployment = objects
            .iter()
            .find(|object| object.kind == "Deployment")
            .unwrap()
            .clone();
        at(
            &deployment,
            "/spec/template/metadata/annotations/checksum~1config",
        )
        .clone()
    };
    let config = example::config();
    let renamed = OperatorConfig {
        cluster_name: "other".parse().unwrap(),
        ..config.clone()
    };
    assert_ne!(checksum(&config), checksum(&renamed));
    let patched = OperatorConfig {
        patches: serde_json::from_value(json!([{ "target": { "kind": "Service", "name": "operator" }, "merge": { "metadata": { "annotations": { "a": "b" } } } }])).unwrap(),
        ..config.clone()
    };
    assert_eq!(checksum(&config), checksum(&patched));
}

#[test]
fn the_operator_reads_the_document_that_is_rendered() {
    let config = everything();
    let objects = render(&config).unwrap();
    let map = objects
        .iter()
        .find(|object| object.kind == "ConfigMap")
        .unwrap();
    let document = at(map, "/data/config.yaml").as_str().unwrap();
    assert_eq!(OperatorConfig::parse(document).unwrap(), config);
}

#[test]
fn a_lowered_limit_lowers_the_request() {
    let mut config = example::config();
    config.components.operator.resources.limits.memory = Some("64Mi".parse().unwrap());
    let objects = render(&config).unwrap();
    let deployment = objects
        .iter()
        .find(|object| object.kind == "Deployment")
        .unwrap();
    let resources = at(deployment, "/spec/template/spec/containers/0/resources");
    assert_eq!(resources["requests"]["memory"], "64Mi");
    assert_eq!(resources["limits"]["memory"], "64Mi");
}
