//! Clusters that are reached at an address which is not their own, by a TCP forwarder in place of a private endpoint. What tells
//! that it is the right cluster stays the cluster's: its certificate authority, its name, its uid.

use std::fs;

use acceptance::{
    cluster::Cluster,
    forwarder::{End, Forwarder},
    terraform::{Diagnostic, Terraform},
};
use anyhow::{Context as _, Result, ensure};

use crate::{
    bad_input::{Expected, refuses},
    bench::{Bench, OWNER},
    eks,
};

const CRDS: &str = "dataplane_crds.this";
const WORKSPACE: &str = "dataplane_workspace.this";

/// Everything that takes a `cluster`, and a variable for the way to it.
const CONFIGURATION: &str = r#"
variable "private_endpoint" {
  type = object({ host = string, server_name = optional(string) })
}

locals {
  cluster = {
    eks              = { name = "prod", region = "eu-west-1" }
    private_endpoint = var.private_endpoint
  }
}

data "dataplane_cluster" "this" {
  cluster = local.cluster
}

resource "dataplane_crds" "this" {
  cluster          = local.cluster
  prevent_deletion = false
}

resource "dataplane_workspace" "this" {
  cluster  = local.cluster
  operator = "union/dataplane"
  project  = "fraud"
  domain   = "staging"
}
"#;

fn leads_to(address: &str, url: &str) -> Result<Forwarder> {
    let to = url
        .strip_prefix("https://")
        .context("the address of an API server")?;
    Forwarder::start(address, to.parse::<End>()?)
}

fn lead(terraform: &Terraform, by: &Forwarder, server_name: &str) -> Result<()> {
    let name = match server_name {
        "" => String::new(),
        name => format!(", server_name = \"{name}\""),
    };
    let value = format!(
        "private_endpoint = {{ host = \"https://{}\"{name} }}\n",
        by.address()
    );
    terraform.write("terraform.tfvars", &value)
}

/// All that was said, which names everything in `says`.
fn said(found: &[Diagnostic], says: &[&str]) -> Result<()> {
    let text: Vec<_> = found
        .iter()
        .flat_map(|found| [found.summary.as_str(), &found.detail])
        .collect();
    let text = text.join("\n");
    let missing: Vec<_> = says.iter().filter(|part| !text.contains(**part)).collect();
    ensure!(missing.is_empty(), "{missing:?} is not in:\n{text}");
    Ok(())
}

fn state(terraform: &Terraform) -> Result<String> {
    let file = terraform.directory().join("terraform.tfstate");
    fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
}

#[test]
fn lead_to_the_same_cluster_and_change_in_place() -> Result<()> {
    let bench = eks::bench()?;
    let cluster = bench.cluster()?;
    // Its certificate is for 127.0.0.1 and for names, and not for this address.
    let way = leads_to("127.0.0.5:0", &cluster.endpoint())?;
    let terraform = bench.configuration(CONFIGURATION)?;
    lead(&terraform, &way, "")?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    ensure!(way.connections() > 0, "nothing came by the forwarder");
    let system = bench.kubectl()?.get("namespace", "", "kube-system")?;
    let found = terraform.attributes("data.dataplane_cluster.this")?;
    let system = system.context("every cluster has a namespace kube-system")?;
    assert_eq!(found["cluster_uid"], system["metadata"]["uid"]);
    assert_eq!(found["endpoint"], cluster.endpoint());

    lead(&terraform, &way, "kubernetes.default.svc")?;
    let updates = |address: &str| (address.to_owned(), vec!["update".to_owned()]);
    let mut changes = terraform.plan()?.changes();
    changes.sort();
    assert_eq!(changes, [updates(CRDS), updates(WORKSPACE)]);
    terraform.apply_then_empty_plan()?;

    // Another address, and the one of before is gone.
    let other = leads_to("127.0.0.6:0", &cluster.endpoint())?;
    way.stop();
    lead(&terraform, &other, "")?;
    let before = state(&terraform)?;
    let lost = terraform.diagnostics("plan")?;
    let host = format!("https://{}", way.address());
    let asked = "asked for kubernetes.default.svc: is the connection accepted?";
    said(&lost, &[&host, asked, "run it with -refresh=false"])?;
    assert_eq!(state(&terraform)?, before);
    terraform.succeed(&["apply", "-input=false", "-auto-approve", "-refresh=false"])?;
    terraform
        .plan()?
        .assert_empty("the plan by the new address")?;

    for address in [CRDS, WORKSPACE] {
        terraform.succeed(&["state", "rm", address])?;
    }
    let id = format!("eks/eu-west-1/prod@{}", other.address());
    terraform.import(CRDS, &id)?;
    terraform.import(WORKSPACE, &format!("{id}/fraud-staging"))?;
    let imported = terraform.attributes(WORKSPACE)?;
    assert_eq!(
        imported["cluster"]["private_endpoint"]["host"],
        format!("https://{}", other.address())
    );
    terraform.apply_then_empty_plan()?;
    terraform.destroy()?;
    ensure!(
        bench
            .kubectl()?
            .get("namespace", "", "fraud-staging")?
            .is_none(),
        "the workspace is left"
    );
    Ok(())
}

#[test]
fn that_lead_elsewhere_or_by_a_wrong_name_are_refused_in_words() -> Result<()> {
    let bench = eks::bench()?;
    let cluster = bench.cluster()?;
    let way = leads_to("127.0.0.5:0", &cluster.endpoint())?;
    let terraform = bench.configuration(CONFIGURATION)?;
    terraform.init()?;
    lead(&terraform, &way, "wrong.example")?;
    said(
        &terraform.diagnostics("apply")?,
        &[
            &format!("https://{}", way.address()),
            "certificate not valid for name \"wrong.example\"",
            "kubernetes.default.svc",
            "`server_name` of `private_endpoint` must be a name that the cluster's certificate is for",
        ],
    )?;

    // Something else with the right name: signed by another authority.
    let (elsewhere, _) = bench.front.secure_endpoint();
    let astray = leads_to("127.0.0.6:0", &elsewhere)?;
    lead(&terraform, &astray, "")?;
    said(
        &terraform.diagnostics("apply")?,
        &[
            &format!("https://{}", astray.address()),
            "not of this cluster's own authority",
        ],
    )?;
    let nothing = bench.kubectl()?.list(&[
        "namespaces,customresourcedefinitions",
        "-l",
        "app.kubernetes.io/managed-by=dataplane",
    ])?;
    assert!(nothing.is_empty(), "{nothing:?}");
    Ok(())
}

#[test]
fn of_another_cluster_are_told_by_the_uid() -> Result<()> {
    let bench = eks::bench()?;
    let way = leads_to("127.0.0.5:0", &bench.cluster()?.endpoint())?;
    let terraform = bench.configuration(CONFIGURATION)?;
    lead(&terraform, &way, "")?;
    terraform.init()?;
    terraform.apply()?;
    // Made anew under its name, with the authority of the new one.
    let anew = Cluster::start_on(acceptance::cluster::Site {
        token_review: Some(bench.front.token_review()),
        ..acceptance::cluster::Site::default()
    })?;
    bench.front.host_on_eks("prod", &anew)?;
    let other = leads_to("127.0.0.6:0", &anew.endpoint())?;
    lead(&terraform, &other, "")?;
    let apply = ["apply", "-input=false", "-auto-approve", "-refresh=false"];
    let Err(refused) = terraform.succeed(&apply) else {
        anyhow::bail!("objects of one cluster were written into another");
    };
    let refused = format!("{refused:#}");
    ensure!(refused.contains("this is another cluster"), "{refused}");
    Ok(())
}

#[test]
fn an_api_server_by_its_address_is_checked_by_the_name_that_is_given() -> Result<()> {
    let cluster = Cluster::shared_own()?;
    let way = leads_to("127.0.0.5:0", &cluster.endpoint())?;
    let kubectl = cluster.kubectl()?;
    kubectl.create_namespace("route")?;
    kubectl.run(&["create", "serviceaccount", "terraform", "-n", "route"])?;
    kubectl.run(&[
        "create",
        "clusterrolebinding",
        "route-terraform",
        "--clusterrole=cluster-admin",
        "--serviceaccount=route:terraform",
    ])?;
    let token = kubectl.run(&["create", "token", "terraform", "-n", "route"])?;
    let terraform = Terraform::new()?
        .variable("host", &format!("https://{}", way.address()))
        .variable("token", token.trim())
        .variable("server_name", "kubernetes.default.svc");
    terraform.write("ca.crt", cluster.authority()?.certificate())?;
    terraform.write(
        "main.tf",
        &format!(
            r#"terraform {{
  required_providers {{
    dataplane = {{ source = "dataplane/dataplane" }}
  }}
}}

variable "host" {{}}
variable "server_name" {{}}
variable "token" {{
  sensitive = true
}}

provider "dataplane" {{
  owner      = "{OWNER}"
  kubernetes = {{ token = var.token }}
}}

resource "dataplane_workspace" "this" {{
  cluster = {{ direct = {{ host = var.host, server_name = var.server_name, ca_certificate = file("ca.crt") }} }}
  operator = "union/dataplane"
  project  = "route"
  domain   = "direct"
}}
"#
        ),
    )?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    terraform.destroy()?;
    let terraform = terraform.variable("server_name", "wrong.example");
    said(
        &terraform.diagnostics("apply")?,
        &["\"wrong.example\"", "by `server_name` of `direct`"],
    )
}

#[test]
fn that_cannot_be_are_refused_at_the_argument() -> Result<()> {
    let crds = |name: &str, cluster: &str| {
        format!("resource \"dataplane_crds\" \"{name}\" {{\n  cluster = {{ {cluster} }}\n}}\n")
    };
    let eks = "eks = { name = \"prod\", region = \"eu-west-1\" }";
    let endpoint =
        |host: &str, more: &str| format!("{eks}, private_endpoint = {{ host = \"{host}\"{more} }}");
    let good = "private_endpoint = { host = \"https://10.1.0.4\" }";
    let cases = [
        (
            "plain",
            endpoint("http://10.1.0.4", ""),
            vec![
                "private_endpoint.host",
                "write https://<host> or https://<host>:<port>",
            ],
        ),
        (
            "port",
            endpoint("https://10.1.0.4", ", server_name = \"prod.example:443\""),
            vec![
                "private_endpoint.server_name",
                "\"prod.example:443\"",
                "without a port",
            ],
        ),
        (
            "file",
            format!("kubeconfig = {{ path = \"nowhere\" }}, {good}"),
            vec![
                "private_endpoint does not go with kubeconfig",
                "tls-server-name",
            ],
        ),
        (
            "direct",
            format!("direct = {{ host = \"https://10.1.0.4\" }}, {good}"),
            vec![
                "private_endpoint does not go with direct",
                "as `server_name`",
            ],
        ),
        ("alone", good.to_owned(), vec!["no cluster is given"]),
    ];
    let bench = Bench::aws()?;
    let text: String = cases
        .iter()
        .map(|(name, cluster, _)| crds(name, cluster))
        .collect();
    let terraform = bench.configuration(&text)?;
    terraform.init()?;
    let expected: Vec<_> = cases
        .iter()
        .map(|(name, _, says)| Expected::at(&format!("dataplane_crds.{name}"), says))
        .collect();
    refuses(&terraform, "validate", &expected)
}
