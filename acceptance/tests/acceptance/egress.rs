//! Where network policies let pods go.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// Where pods ask for names on nodes that keep them, on every cloud.
pub const NODE_LOCAL_NAMES: &str = "169.254.20.10/32";

/// The ranges that the policies lead to. Fails where one of them leads everywhere: by a range, by a rule that names nobody, by
/// all that a cluster runs, or by not being about what leaves.
pub fn ranges(policies: &[Value]) -> Result<BTreeSet<String>> {
    ensure!(!policies.is_empty(), "no policies: pods go where they want");
    let mut ranges = BTreeSet::new();
    for policy in policies {
        let about = &policy["spec"]["policyTypes"];
        ensure!(list(about).any(|kind| kind == "Egress"), "{policy:#}");
    }
    for rule in policies
        .iter()
        .flat_map(|policy| list(&policy["spec"]["egress"]))
    {
        ensure!(list(&rule["to"]).next().is_some(), "to everybody: {rule:#}");
        let all =
            |peer: &Value| peer["namespaceSelector"] == json!({}) && peer["podSelector"].is_null();
        ensure!(!list(&rule["to"]).any(all), "to every pod: {rule:#}");
        for range in list(&rule["to"]).filter_map(|peer| peer["ipBlock"]["cidr"].as_str()) {
            ensure!(!range.ends_with("/0"), "to {range}: {rule:#}");
            ranges.insert(range.to_owned());
        }
    }
    Ok(ranges)
}

pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[test]
fn a_policy_that_leads_everywhere_is_found() {
    let found = |egress: Value| {
        let about = json!(["Egress", "Ingress"]);
        ranges(&[json!({ "spec": { "egress": egress, "policyTypes": about } })])
    };
    let block = |cidr: &str| json!([{ "to": [{ "ipBlock": { "cidr": cidr } }] }]);
    assert_eq!(
        found(block("10.0.0.0/8")).unwrap(),
        ["10.0.0.0/8".to_owned()].into()
    );
    assert_eq!(found(json!([])).unwrap(), BTreeSet::new());
    for open in [
        block("0.0.0.0/0"),
        block("::/0"),
        json!([{}]),
        json!([{ "to": [] }]),
        json!([{ "to": [{ "ipBlock": { "cidr": "10.0.0.0/8" } }, { "namespaceSelector": {} }] }]),
    ] {
        found(open).unwrap_err();
    }
    ranges(&[json!({ "spec": { "policyTypes": ["Ingress"] } })]).unwrap_err();
}
