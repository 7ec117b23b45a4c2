//! What a plan would let into networks of AWS: nothing from outside of them, and so nothing of a vendor's.

use acceptance::terraform::Plan;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::egress::list;

/// Types of hashicorp/aws that our modules use and by which nothing comes into a network, whatever they say. Public addresses
/// among them are those of NAT: nothing else that could have one is known here.
const HARMLESS: [&str; 29] = [
    "aws_cloudwatch_event_rule",
    "aws_cloudwatch_event_target",
    "aws_cloudwatch_log_group",
    "aws_cloudwatch_log_metric_filter",
    "aws_cloudwatch_metric_alarm",
    "aws_eip",
    "aws_eks_access_entry",
    "aws_eks_access_policy_association",
    "aws_eks_addon",
    "aws_flow_log",
    "aws_iam_policy",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_internet_gateway",
    "aws_kms_key",
    "aws_lambda_function",
    "aws_lambda_invocation",
    "aws_lambda_permission",
    "aws_lb_listener",
    "aws_lb_target_group",
    "aws_nat_gateway",
    "aws_route",
    "aws_route53_record",
    "aws_route53_zone",
    "aws_route_table",
    "aws_vpc",
    "aws_vpc_security_group_egress_rule",
    "dataplane_private_endpoint",
];

/// Where a rule may let something in from; exactly one is said of each rule.
const SOURCES: [&str; 4] = [
    "cidr_ipv4",
    "cidr_ipv6",
    "prefix_list_id",
    "referenced_security_group_id",
];

/// Asserts that rules let in groups and `range` only, that balancers are internal, the API is private, subnets and nodes have no
/// public address, and services ask before they let somebody in. A type that is not known here could be a way in.
pub fn assert_private(plan: &Plan, range: &str) -> Result<()> {
    let mut judged = 0;
    for resource in list(&plan.json["resource_changes"]) {
        let kind = resource["type"].as_str().unwrap_or_default();
        if resource["mode"] != "managed" || HARMLESS.contains(&kind) || in_no_network(kind) {
            continue;
        }
        ensure!(
            is_private(kind, &resource["change"], range),
            "a way in: {resource:#}"
        );
        judged += 1;
    }
    ensure!(judged > 1, "nothing was looked at");
    Ok(())
}

/// What our provider makes is in no network, but for services and endpoints; an endpoint lets in whom its groups do.
fn in_no_network(kind: &str) -> bool {
    kind.starts_with("dataplane_") && !kind.starts_with("dataplane_private_")
}

fn is_private(kind: &str, change: &Value, range: &str) -> bool {
    let (after, unknown) = (&change["after"], &change["after_unknown"]);
    let none = |name: &str| {
        let empty = |value: &Value| value.is_null() || value == &json!([]);
        empty(&after[name]) && list(&unknown[name]).next().is_none()
    };
    match kind {
        // Rules within a group would not be seen where rules are.
        "aws_default_security_group" | "aws_security_group" => none("ingress"),
        "aws_eks_cluster" => after["vpc_config"][0]["endpoint_public_access"] == false,
        "aws_eks_node_group" => none("remote_access"),
        // The nodes' interfaces are EKS' own, without public addresses, as long as none are said.
        "aws_launch_template" => none("network_interfaces"),
        "aws_lb" => after["internal"] == true,
        // A gateway's table says where to what comes by it goes.
        "aws_route_table_association" => none("gateway_id") && unknown["gateway_id"] != true,
        "aws_subnet" => after["map_public_ip_on_launch"] == false,
        "aws_vpc_security_group_ingress_rule" => {
            let said = |name: &&str| !after[name].is_null() || unknown[name] == true;
            let mut sources = SOURCES.into_iter().filter(|name| said(name));
            match (sources.next(), sources.next()) {
                (Some("referenced_security_group_id"), None) => true,
                // Not one that is known after the apply: it could be any.
                (Some("cidr_ipv4"), None) => after["cidr_ipv4"] == range,
                _ => false,
            }
        }
        "dataplane_private_service" => {
            after["auto_accept"] == false
                && list(&after["allowed_principals"]).all(|principal| principal != "*")
        }
        _ => false,
    }
}

#[test]
fn ways_in_are_found() {
    let judged = |kind: &str, after: Value, unknown: Value| {
        let change = json!({ "after": after, "after_unknown": unknown });
        is_private(kind, &change, "10.0.0.0/16")
    };
    let rule = |after: Value, unknown: Value| {
        judged("aws_vpc_security_group_ingress_rule", after, unknown)
    };
    assert!(rule(json!({ "cidr_ipv4": "10.0.0.0/16" }), json!({})));
    let group = json!({ "referenced_security_group_id": true });
    assert!(rule(json!({}), group.clone()));
    assert!(!rule(json!({ "cidr_ipv4": "0.0.0.0/0" }), json!({})));
    assert!(!rule(json!({}), json!({ "cidr_ipv4": true })));
    assert!(!rule(json!({}), json!({ "cidr_ipv6": true })));
    assert!(!rule(json!({ "cidr_ipv6": "::/0" }), group));
    assert!(!rule(json!({}), json!({})));

    let anybody = json!([{ "cidr_blocks": ["0.0.0.0/0"] }]);
    let said = json!({ "ingress": anybody });
    assert!(!judged("aws_security_group", said, json!({})));
    assert!(judged(
        "aws_security_group",
        json!({}),
        json!({ "ingress": true })
    ));
    let public = json!({ "network_interfaces": [{ "associate_public_ip_address": "true" }] });
    assert!(!judged("aws_launch_template", public, json!({})));
    assert!(!judged("aws_subnet", json!({}), json!({})));
    assert!(!judged("aws_instance", json!({}), json!({})));
    let edge = json!({ "gateway_id": true });
    assert!(!judged("aws_route_table_association", json!({}), edge));
}
