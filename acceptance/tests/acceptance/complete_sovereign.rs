//! `examples/complete/sovereign/*`: a data plane whose clients come by an internal balancer. Ours is applied; what the other provider
//! makes is its schemas. This is AWS; the other clouds are beside their own examples.

use std::collections::BTreeSet;

use acceptance::{cluster::Kubectl, terraform::Terraform};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::{
    bench::Bench,
    egress::{self, list},
    eks,
};

/// What clients come from, in each example.
pub const CLIENTS: &str = "[\"10.20.0.0/16\"]";

/// One of the ranges of the control plane, and one of the tunnel's edge.
const CONTROL_PLANE: &str = "104.16.0.0/13";
const TUNNEL_PORT: u64 = 7844;

/// The example with what is the same on each cloud, ready for `terraform init`.
pub fn example(cloud: &str) -> Result<Terraform> {
    Ok(Terraform::example(&format!("complete/sovereign/{cloud}"))?
        .variable("cluster", "prod")
        .variable("client_ranges", CLIENTS)
        .variable("operator_image", "localhost/dataplane-operator:0.1.0")
        .variable("control_plane_endpoint", "https://acme.control.example.com"))
}

/// Applies; then there is nothing to plan and nothing to refresh.
pub fn applied(terraform: &Terraform) -> Result<()> {
    terraform.apply()?;
    terraform.plan()?.assert_empty("the plan after apply")?;
    terraform
        .plan_refresh_only()?
        .assert_no_difference("the refresh-only plan after apply")
}

/// Where policies of the operator and of tasks let pods go: the control plane and what the example was told, and nothing else, neither
/// the tunnel's edge nor the internet.
pub fn assert_closed(terraform: &Terraform, kubectl: &Kubectl, told: &[&str]) -> Result<()> {
    let control_plane = terraform.output("control_plane_ranges")?;
    let wanted: BTreeSet<String> = list(&control_plane)
        .filter_map(Value::as_str)
        .chain(told.iter().copied())
        .chain([egress::NODE_LOCAL_NAMES])
        .map(str::to_owned)
        .collect();
    ensure!(wanted.contains(CONTROL_PLANE), "{control_plane}");
    let mut ranges = BTreeSet::new();
    let mut ports = BTreeSet::new();
    for namespace in ["union", "fraud-production"] {
        let policies = kubectl.list(&["networkpolicies", "-n", namespace])?;
        ranges.extend(egress::ranges(&policies)?);
        let rules = policies
            .iter()
            .flat_map(|policy| list(&policy["spec"]["egress"]));
        for rule in rules {
            ports.extend(list(&rule["ports"]).filter_map(|port| port["port"].as_u64()));
        }
    }
    assert_eq!(ranges, wanted);
    ensure!(!ports.contains(&TUNNEL_PORT), "a policy opens the tunnel");
    Ok(())
}

/// Definitions are protected unless told otherwise.
pub fn destroy(terraform: &Terraform) -> Result<()> {
    let name = "cluster_name  = \"prod-eu\"";
    let unprotected = format!("{name}\n  definitions   = {{ prevent_deletion = false }}");
    terraform.edit("main.tf", name, &unprotected)?;
    terraform.apply()?;
    terraform.destroy().map(drop)
}

#[test]
fn a_sovereign_data_plane_on_eks_is_applied_and_goes_out_to_the_control_plane_only() -> Result<()> {
    let bench = eks::bench()?;
    let network = json!({ "id": "vpc-0123456789abcdef0", "cidr": "10.0.0.0/16", "subnet_ids": ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"] });
    let egress = json!({ "kubernetes_api": ["10.0.0.0/22"], "tasks": ["10.0.16.0/22"] });
    let terraform = example("aws")?
        .with(bench.account.environment())
        .variable("account_id", &bench.account.id)
        .variable("region", &bench.account.region)
        .variable("network", &network.to_string())
        .variable("egress", &egress.to_string());
    let allowed = "allowed_account_ids = [var.account_id]";
    terraform.write("emulated_override.tf", &bench.provider(allowed))?;
    terraform.init()?;
    applied(&terraform)?;
    assert_closed(
        &terraform,
        &bench.kubectl()?,
        &["10.0.0.0/22", "10.0.16.0/22"],
    )?;
    let service = terraform.output("service")?;
    assert_eq!(
        service["load_balancer_source_ranges"],
        json!(["10.20.0.0/16"])
    );
    let scheme = &service["annotations"]["service.beta.kubernetes.io/aws-load-balancer-scheme"];
    assert_eq!(*scheme, "internal");
    destroy(&terraform)?;
    let left = bench.kubectl()?.get("namespace", "", "union")?;
    ensure!(left.is_none(), "the operator's namespace is left: {left:?}");
    Ok(())
}

#[test]
fn everybody_is_no_client() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = example("aws")?
        .with(bench.account.environment())
        .variable("account_id", &bench.account.id)
        .variable("region", &bench.account.region)
        .variable("network", r#"{"id":"vpc-0123456789abcdef0","cidr":"10.0.0.0/16","subnet_ids":["subnet-0aaaaaaaaaaaaaaaa"]}"#)
        .variable("egress", r#"{"kubernetes_api":["10.0.0.0/22"],"tasks":["10.0.16.0/22"]}"#)
        .variable("client_ranges", r#"["0.0.0.0/1","128.0.0.0/1"]"#);
    let allowed = "allowed_account_ids = [var.account_id]";
    terraform.write("emulated_override.tf", &bench.provider(allowed))?;
    terraform.init()?;
    let said = terraform.diagnostics("plan")?;
    let refused = said
        .iter()
        .any(|each| each.severity == "error" && each.detail.contains("are everybody"));
    ensure!(refused, "{said:?}");
    Ok(())
}
