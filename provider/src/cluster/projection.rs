//! A live object seen through the fields we render, so that a change by anyone shows, and a server default does not.

use serde_json::{Map, Value};

use super::{managed_fields::Fields, objects::Object};
use dataplane_api::quantity::Quantity;

/// What is written by controllers at run time, wherever it appears.
const RUN_TIME: &[&str] = &[
    "caBundle",
    "kubectl.kubernetes.io/restartedAt",
    "deployment.kubernetes.io/revision",
];

/// Booleans that the API drops when they are false; elsewhere false and absent differ.
const FALSE_IS_ABSENT: &[&str] = &[
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "paused",
    "publishNotReadyAddresses",
    "readOnly",
    "stdin",
    "tty",
];

/// Members whose values are quantities.
const QUANTITIES: &[&str] = &[
    "default",
    "defaultRequest",
    "divisor",
    "hard",
    "limits",
    "max",
    "maxLimitRequestRatio",
    "min",
    "requests",
    "sizeLimit",
];

/// Members that tell the elements of an associative list apart, by the name of the list.
const LIST_KEYS: &[(&str, &str)] = &[
    ("containers", "name"),
    ("env", "name"),
    ("imagePullSecrets", "name"),
    ("initContainers", "name"),
    ("ports", "name"),
    ("topologySpreadConstraints", "topologyKey"),
    ("versions", "name"),
    ("volumeMounts", "mountPath"),
    ("volumes", "name"),
    ("webhooks", "name"),
];

/// The desired object without what only the cluster knows.
pub fn desired(rendered: &Object) -> Object {
    let mut object = rendered.0.clone();
    if let Some(members) = object.as_object_mut() {
        members.remove("status");
    }
    strip(&mut object);
    Object(object)
}

/// The live object on the paths of the desired one. Where both mean the same, the desired spelling is kept.
///
/// What others added within a section that we render is included, since it changes what we rendered: a pod that joins the
/// node's network. A section that we do not render at all is theirs: who holds a Lease, the secrets of a service account.
pub fn project(desired: &Object, live: &Object) -> Object {
    let others = Fields::of_others(live);
    let mut projected = Map::new();
    if let (Some(wanted), Some(found)) = (desired.0.as_object(), live.0.as_object()) {
        for (name, value) in wanted {
            // The API server answers lists without the kind of their items; a name is what we asked for.
            if matches!(name.as_str(), "apiVersion" | "kind") {
                projected.insert(name.clone(), value.clone());
                continue;
            }
            // Labels and annotations that others put beside ours are none of our business.
            let added = others.member(name).filter(|_| name != "metadata");
            let added = added.unwrap_or_default();
            keep(&mut projected, name, value, found.get(name), &added);
        }
    }
    Object(Value::Object(projected))
}

/// The live object with every rendered section as desired: for what server-side apply cannot take away, since another manager set it.
pub fn mended(desired: &Object, live: &Object) -> Object {
    let mut mended = live.clone();
    if let (Some(into), Some(wanted)) = (mended.0.as_object_mut(), desired.0.as_object()) {
        for (name, value) in wanted.iter().filter(|(name, _)| *name != "metadata") {
            let mut value = value.clone();
            if let Some(found) = into.get(name) {
                carry(&mut value, found, name);
            }
            into.insert(name.clone(), value);
        }
    }
    mended
}

/// Carries over what controllers wrote at run time.
fn carry(wanted: &mut Value, found: &Value, list: &str) {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            for (name, value) in found {
                match wanted.get_mut(name) {
                    Some(wanted) => carry(wanted, value, name),
                    None if RUN_TIME.contains(&name.as_str()) => {
                        wanted.insert(name.clone(), value.clone());
                    }
                    None => {}
                }
            }
        }
        (Value::Array(wanted), Value::Array(found)) => {
            if let Some(key) = list_key(list, wanted) {
                for element in wanted {
                    if let Some(found) = found
                        .iter()
                        .find(|found| found.get(key) == element.get(key))
                    {
                        carry(element, found, "");
                    }
                }
            }
        }
        _ => {}
    }
}

/// One text per object: compact JSON with sorted members. Terraform lays it out and shows its differences member by member.
pub fn canonical(object: &Object) -> String {
    object.0.to_string()
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| !RUN_TIME.contains(&name.as_str()) && !value.is_null());
            members.values_mut().for_each(strip);
        }
        Value::Array(elements) => elements.iter_mut().for_each(strip),
        _ => {}
    }
}

fn keep(
    into: &mut Map<String, Value>,
    name: &str,
    wanted: &Value,
    found: Option<&Value>,
    others: &Fields,
) {
    match found {
        Some(found) => {
            into.insert(name.to_owned(), value(name, wanted, found, others));
        }
        None if is_empty(name, wanted) => {
            into.insert(name.to_owned(), wanted.clone());
        }
        None => {}
    }
}

fn value(name: &str, wanted: &Value, found: &Value, others: &Fields) -> Value {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => members(name, wanted, found, others),
        (Value::Array(wanted), Value::Array(found)) => elements(name, wanted, found, others),
        _ if wanted == found
            || same_number(wanted, found)
            || same_quantity(name, wanted, found) =>
        {
            wanted.clone()
        }
        _ => {
            let mut found = found.clone();
            strip(&mut found);
            found
        }
    }
}

fn members(
    name: &str,
    wanted: &Map<String, Value>,
    found: &Map<String, Value>,
    others: &Fields,
) -> Value {
    let mut projected = Map::new();
    for (member, value) in wanted {
        // The amounts of a resource list are named by resource (`cpu`), so the list's name decides.
        let context = if QUANTITIES.contains(&name) {
            name
        } else {
            member
        };
        match found.get(member) {
            Some(live) => {
                let others = others.member(member).unwrap_or_default();
                projected.insert(member.clone(), self::value(context, value, live, &others));
            }
            None => keep(&mut projected, member, value, None, others),
        }
    }
    for (member, value) in found {
        if !wanted.contains_key(member)
            && others.member(member).is_some()
            && !RUN_TIME.contains(&member.as_str())
        {
            let mut value = value.clone();
            strip(&mut value);
            projected.insert(member.clone(), value);
        }
    }
    Value::Object(projected)
}

fn elements(name: &str, wanted: &[Value], found: &[Value], others: &Fields) -> Value {
    let Some(key) = list_key(name, wanted) else {
        let pairs = wanted
            .iter()
            .zip(found)
            .map(|(wanted, found)| value(name, wanted, found, &Fields::default()));
        return Value::Array(
            pairs
                .chain(found.iter().skip(wanted.len()).cloned())
                .collect(),
        );
    };
    let mut projected: Vec<Value> = Vec::new();
    for element in wanted {
        if let Some(live) = found.iter().find(|live| live.get(key) == element.get(key)) {
            projected.push(value(
                name,
                element,
                live,
                &others.element(live).unwrap_or_default(),
            ));
        }
    }
    for live in found {
        if !wanted
            .iter()
            .any(|element| element.get(key) == live.get(key))
        {
            let mut live = live.clone();
            strip(&mut live);
            projected.push(live);
        }
    }
    Value::Array(projected)
}

/// The member that tells the elements of this list apart; `None` for a list that is one value.
pub fn list_key(list: &str, elements: &[Value]) -> Option<&'static str> {
    let (_, key) = LIST_KEYS.iter().find(|(name, _)| *name == list)?;
    elements
        .iter()
        .all(|element| element.get(key).is_some())
        .then_some(*key)
}

/// Whether two numbers are one, however they are written: a schema's `minimum` goes out as `0.0` and comes back as `0`.
fn same_number(wanted: &Value, found: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Number(number) => number.to_string().parse::<framework::Number>().ok(),
        _ => None,
    };
    matches!((number(wanted), number(found)), (Some(wanted), Some(found)) if wanted == found)
}

fn same_quantity(name: &str, wanted: &Value, found: &Value) -> bool {
    let amount = |value: &Value| match value {
        Value::String(text) => text.parse::<Quantity>().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    };
    QUANTITIES.contains(&name)
        && matches!((amount(wanted), amount(found)), (Some(wanted), Some(found)) if !wanted.exceeds(&found) && !found.exceeds(&wanted))
}

/// Whether the API drops this value on the way in.
fn is_empty(name: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set && FALSE_IS_ABSENT.contains(&name),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.iter().all(|(name, value)| is_empty(name, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seen(desired: Value, live: Value) -> Value {
        project(&Object(desired), &Object(live)).0
    }

    #[test]
    fn server_defaults_do_not_show() {
        let desired = json!({ "kind": "Deployment", "spec": { "template": { "spec": { "containers": [
            { "name": "a", "image": "x@sha256:1", "resources": { "limits": { "cpu": "1000m" } }, "ports": [{ "name": "http", "containerPort": 80 }] }
        ] } }, "selector": {} } });
        let live = json!({ "kind": "Deployment", "spec": { "progressDeadlineSeconds": 600, "template": { "spec": { "dnsPolicy": "ClusterFirst", "containers": [
            { "name": "a", "image": "x@sha256:1", "imagePullPolicy": "IfNotPresent", "resources": { "limits": { "cpu": "1" } },
              "ports": [{ "name": "http", "containerPort": 80, "protocol": "TCP" }] }
        ] } } }, "status": { "replicas": 1 } });
        assert_eq!(seen(desired.clone(), live), desired);
    }

    #[test]
    fn a_number_in_another_spelling_does_not_show() {
        let desired: Value =
            serde_json::from_str(r#"{ "schema": { "minimum": 0.0, "maximum": 255.0 } }"#).unwrap();
        let live = json!({ "schema": { "minimum": 0, "maximum": 255 } });
        assert_eq!(seen(desired.clone(), live), desired);
        let changed = json!({ "schema": { "minimum": 1, "maximum": 255 } });
        assert_ne!(seen(desired.clone(), changed), desired);
    }

    #[test]
    fn a_change_shows() {
        let desired = json!({ "spec": { "replicas": 1, "paused": false, "automountServiceAccountToken": false } });
        assert_eq!(
            seen(desired, json!({ "spec": { "replicas": 3 } })),
            json!({ "spec": { "replicas": 3, "paused": false } })
        );
    }

    #[test]
    fn what_a_person_added_shows_and_names_of_others_do_not() {
        let desired = json!({ "metadata": { "labels": { "a": "1" } }, "spec": { "containers": [{ "name": "a", "securityContext": { "runAsNonRoot": true } }] } });
        let live = json!({
            "metadata": { "labels": { "a": "1", "team": "x" }, "managedFields": [{ "manager": "kubectl-edit", "fieldsV1": {
                "f:metadata": { "f:labels": { "f:team": {} } },
                "f:spec": { "f:hostNetwork": {}, "f:containers": { "k:{\"name\":\"a\"}": { "f:securityContext": { "f:privileged": {} } }, "k:{\"name\":\"b\"}": { ".": {} } } },
            } }] },
            "spec": { "hostNetwork": true, "dnsPolicy": "ClusterFirst", "containers": [
                { "name": "a", "securityContext": { "runAsNonRoot": true, "privileged": true }, "imagePullPolicy": "Always" },
                { "name": "b" },
            ] },
        });
        assert_eq!(
            seen(desired, live),
            json!({ "metadata": { "labels": { "a": "1" } }, "spec": { "hostNetwork": true, "containers": [
                { "name": "a", "securityContext": { "runAsNonRoot": true, "privileged": true } }, { "name": "b" },
            ] } })
        );
    }

    #[test]
    fn a_list_that_is_one_value_shows_each_change() {
        let desired = json!({ "rules": [{ "apiGroups": [""], "verbs": ["get"] }] });
        let live = json!({ "rules": [{ "apiGroups": [""], "verbs": ["get", "delete"] }, { "apiGroups": ["*"], "verbs": ["*"] }] });
        assert_eq!(seen(desired, live.clone()), live);
        let ports = json!({ "spec": { "egress": [{ "ports": [{ "port": 53, "protocol": "UDP" }] }], "ingress": [] } });
        let live =
            json!({ "spec": { "egress": [{ "ports": [{ "port": 53, "protocol": "UDP" }] }] } });
        assert_eq!(seen(ports.clone(), live), ports);
    }

    #[test]
    fn a_webhook_certificate_is_run_time() {
        let rendered = Object(
            json!({ "webhooks": [{ "name": "a", "clientConfig": { "caBundle": "", "service": { "name": "s" } } }] }),
        );
        let desired = desired(&rendered);
        let live = Object(
            json!({ "webhooks": [{ "name": "a", "clientConfig": { "caBundle": "Zm9v", "service": { "name": "s", "port": 443 } } }] }),
        );
        assert_eq!(project(&desired, &live), desired);
        assert_eq!(
            mended(&desired, &live)
                .0
                .pointer("/webhooks/0/clientConfig/caBundle"),
            Some(&json!("Zm9v"))
        );
    }
    #[test]
    fn a_section_that_is_not_rendered_belongs_to_others() {
        let lease = Object(json!({ "kind": "Lease", "metadata": { "name": "operator" } }));
        let account =
            Object(json!({ "kind": "ServiceAccount", "automountServiceAccountToken": false }));
        let held = Object(json!({
            "kind": "Lease",
            "metadata": { "name": "operator", "managedFields": [{ "manager": "dataplane-operator", "fieldsV1": { "f:spec": { "f:holderIdentity": {} } } }] },
            "spec": { "holderIdentity": "operator-0" },
        }));
        let used = Object(json!({
            "kind": "ServiceAccount",
            "metadata": { "managedFields": [{ "manager": "openshift-controller-manager", "fieldsV1": { "f:imagePullSecrets": {} } }] },
            "automountServiceAccountToken": true,
            "imagePullSecrets": [{ "name": "pull" }],
        }));
        assert_eq!(project(&lease, &held), lease);
        assert_eq!(
            mended(&lease, &held),
            held,
            "whoever holds it goes on holding it"
        );
        assert_eq!(
            project(&account, &used).0,
            json!({ "kind": "ServiceAccount", "automountServiceAccountToken": true })
        );
        assert_eq!(
            mended(&account, &used).0["imagePullSecrets"],
            used.0["imagePullSecrets"]
        );
        assert_eq!(
            mended(&account, &used).0["automountServiceAccountToken"],
            false
        );
    }
}
