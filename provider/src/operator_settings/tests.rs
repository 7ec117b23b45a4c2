//! Tests of the settings in HCL against the document's own schema.

use dataplane_api::OperatorConfig;
use framework::{Model, Value};
use serde_json::{Value as Json, json};

use super::{document::explained, *};

operator_model! {
    /// A model with nothing more.
    Plain {}
}

/// A certificate that signed itself; nobody has its key.
const CA_CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUGZ3e29lY4wpu7PRNoPAgMGR04KwwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHZXhhbXBsZTAgFw0yNjExMjExMzQ3MzhaGA8yMTI2MTAyODEz
NDczOFowEjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABFKYnyog2euFyV2GMfucuI1ALkSMmXzmm4ifdAcEmdGT+yy7LDMF6zBZz8UK
w2xupzdxY4UUbgRsGm3erXpN8PyjUzBRMB0GA1UdDgQWBBQUk+soUmiQ+Dj96rIp
E9sb9cL+2TAfBgNVHSMEGDAWgBQUk+soUmiQ+Dj96rIpE9sb9cL+2TAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIAGNR0UPZArdwPVliJyZ02lxikac
JRNiNYxRE52wvz1jAiEAxkuNREMogjMgVQ+2BjY6BneAApvDSWp4zdkVbfB5vb0=
-----END CERTIFICATE-----
";

fn full() -> Json {
    json!({
        "name": "a", "namespace": "b", "create_namespace": true, "organization": "acme", "cluster_name": "prod",
        "image": "registry.example/op:v1", "image_pull_secrets": ["pull"],
        "control_plane": { "endpoint": "https://cp.example", "audience": "x", "ca_certificate": CA_CERTIFICATE },
        "storage": { "metadata": "s3://acme-metadata", "fast_registration": "s3://acme-bundles", "region": "eu-west-1", "endpoint": "https://s3.example", "layout": "flyte" },
        "roles": {
            "admin": { "irsa": { "role_arn": "arn:aws:iam::123456789012:role/a" } },
            "user": { "pod_identity": { "role_arn": "arn:aws:iam::123456789012:role/u" } },
            "builder": { "irsa": { "role_arn": "arn:aws:iam::123456789012:role/b" } },
            "log_writer": { "irsa": { "role_arn": "arn:aws:iam::123456789012:role/l" } },
        },
        "egress": {
            "kubernetes_api": { "cidrs": ["10.0.0.0/8"], "ports": [443] },
            "control_plane": { "cidrs": ["10.0.0.0/8"], "ports": [443] },
            "object_store": { "cidrs": ["10.0.0.0/8"], "ports": [443] },
            "dns": [{ "namespace": "openshift-dns", "pod_labels": { "a": "b" }, "cidrs": [], "ports": [5353] }, { "namespace": null, "pod_labels": {}, "cidrs": ["172.20.0.10/32"], "ports": [53] }],
        },
        "components": {
            "operator": { "replicas": 2, "resources": { "requests": { "cpu": "1", "memory": "1Gi" }, "limits": { "cpu": "1", "memory": "1Gi" } } },
            "executor": executor(),
        },
        "permissions": "low", "monitoring_namespace": "m", "quota": { "pods": "1" },
        "limits": { "requests": { "cpu": "1", "memory": "1Gi" }, "limits": { "cpu": "1", "memory": "1Gi" } },
        "labels": { "team": "x" }, "node_selector": { "pool": "y" }, "tolerations": [{ "key": "k", "value": "v", "effect": "NoSchedule" }],
        "patches": [{ "target": { "kind": "Deployment", "name": "operator" }, "merge": { "spec": { "paused": null } } }],
    })
}

fn executor() -> Json {
    json!({
        "replicas": 2, "resources": { "requests": { "cpu": "1", "memory": "1Gi" }, "limits": { "cpu": "1", "memory": "1Gi" } },
        "namespaces": ["fraud-staging"], "concurrency": 64, "max_system_failures": 5, "retention_seconds": 60, "image_pull_grace_seconds": 30,
        "undelivered_limit": 100, "untold_abort_seconds": 3600, "cache": true, "code_bundles": "signed", "pod_privileges": ["host_network", "capabilities"],
        "tasks": {
            "service_account": "task", "requests": { "cpu": "1", "memory": "1Gi" }, "limits": { "cpu": "1", "memory": "1Gi" },
            "environment": { "A": "b" }, "labels": { "c": "d" }, "annotations": { "e": "f" }, "node_selector": { "pool": "tasks" },
            "tolerations": [{ "key": "k", "value": "v", "effect": "NoSchedule" }], "interruptible_node_selector": { "spot": "true" },
            "interruptible_tolerations": [{ "key": "spot", "value": null, "effect": null }],
        },
    })
}

/// Every property of a JSON Schema as a dotted path, references followed, alternatives and lists entered.
fn properties(
    schema: &Json,
    root: &Json,
    at: &str,
    found: &mut std::collections::BTreeSet<String>,
) {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix("#"))
    {
        return properties(root.pointer(name).unwrap(), root, at, found);
    }
    for alternative in ["anyOf", "oneOf", "allOf"]
        .iter()
        .filter_map(|key| schema[*key].as_array())
        .flatten()
    {
        properties(alternative, root, at, found);
    }
    if schema["items"].is_object() {
        properties(&schema["items"], root, &format!("{at}[]"), found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{at}.{name}");
        found.insert(path.clone());
        properties(property, root, &path, found);
    }
}

/// Every attribute of a schema as a dotted path.
fn attributes(
    schema: &framework::schema::Schema,
    at: &str,
    found: &mut std::collections::BTreeSet<String>,
) {
    use framework::schema::{Kind, Nesting};
    for attribute in &schema.attributes {
        let path = format!("{at}.{}", attribute.name);
        found.insert(path.clone());
        if let Kind::Nested(nesting, nested) = &attribute.kind {
            let path = if matches!(nesting, Nesting::Single) {
                path
            } else {
                format!("{path}[]")
            };
            attributes(nested, &path, found);
        }
    }
}

#[test]
fn every_field_of_the_document_can_be_reached() {
    let schema = serde_json::to_value(OperatorConfig::schema()).unwrap();
    let mut fields = std::collections::BTreeSet::new();
    properties(&schema, &schema, "", &mut fields);
    let mut reached = std::collections::BTreeSet::new();
    attributes(Plain::schema(), "", &mut reached);
    assert!(fields.len() > 50, "the schema was walked: {fields:?}");
    let missing: Vec<_> = fields.difference(&reached).collect();
    let invented: Vec<_> = reached.difference(&fields).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "not in HCL: {missing:?}; not in the document: {invented:?}"
    );
}

#[test]
fn a_document_survives_the_way_through_hcl() {
    let config = OperatorConfig::from_value(full()).unwrap();
    let model: Plain = model_of(&config).unwrap();
    assert_eq!(config_of(&model).unwrap().unwrap(), config);
}

#[test]
fn unknown_parts_leave_the_document_unknown() {
    let mut model: Plain = model_of(&OperatorConfig::from_value(full()).unwrap()).unwrap();
    model.image = Value::Unknown;
    assert_eq!(config_of(&model).unwrap(), None);
}

#[test]
fn what_is_wrong_is_underlined() {
    let mut document = full();
    document["storage"]["fast_registration"] = json!("gs://acme-bundles");
    let error = OperatorConfig::from_value(document).unwrap_err();
    let path = explained(&error).iter().next().unwrap().path.clone();
    assert_eq!(path, Some(framework::path!("storage", "fast_registration")));
}
