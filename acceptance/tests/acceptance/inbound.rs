//! What a plan would let into networks of AWS: nothing from outside of them, and so nothing of a vendor's.

use acceptance::terraform::Plan;
use anyhow::{Result, ensure};
use serde_json::Value;

/// Every type of hashicorp/aws that our modules use and by which something could come in.
const WAYS_IN: [&str; 6] = [
    "aws_default_security_group",
    "aws_eks_cluster",
    "aws_lb",
    "aws_security_group",
    "aws_subnet",
    "aws_vpc_security_group_ingress_rule",
];

/// Asserts that rules let in groups and `range` only, that balancers are internal, the API is private, and subnets give nothing
/// a public address.
pub fn assert_private(plan: &Plan, range: &str) -> Result<()> {
    let mut looked_at = 0;
    for resource in resources(&plan.json["planned_values"]["root_module"]) {
        let (kind, values) = (&resource["type"], &resource["values"]);
        let Some(kind) = WAYS_IN.iter().find(|known| *known == kind) else {
            ensure!(
                !kind.to_string().contains("security_group_rule"),
                "another kind of rule: {resource}"
            );
            continue;
        };
        looked_at += 1;
        let private = match *kind {
            "aws_eks_cluster" => values["vpc_config"][0]["endpoint_public_access"] == false,
            "aws_lb" => values["internal"] == true,
            "aws_subnet" => values["map_public_ip_on_launch"] == false,
            "aws_vpc_security_group_ingress_rule" => {
                let absent = |name: &str| values.get(name).is_none_or(Value::is_null);
                let inside = absent("cidr_ipv4") || values["cidr_ipv4"] == range;
                inside && absent("cidr_ipv6") && absent("prefix_list_id")
            }
            // Rules within a group would not be seen above.
            _ => values
                .get("ingress")
                .is_none_or(|rules| rules == &Value::Null),
        };
        ensure!(private, "a way in: {resource:#}");
    }
    ensure!(looked_at > 1, "nothing was looked at");
    Ok(())
}

/// The resources of a module and of those in it.
fn resources(module: &Value) -> Vec<&Value> {
    let own = module["resources"].as_array().into_iter().flatten();
    let children = module["child_modules"].as_array().into_iter().flatten();
    own.chain(children.flat_map(resources)).collect()
}
