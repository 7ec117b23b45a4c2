//! Private Service Connect, by the same stand-in.

use acceptance::google::Caller;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::steps::{Noting as _, Steps};
use crate::google::{
    bench::{Bench, PROJECT, REGION},
    private,
};

fn here(kind: &str, name: &str) -> String {
    format!("projects/{PROJECT}/regions/{REGION}/{kind}/{name}")
}

/// A call of somebody's in their project, of the region or of none.
fn compute(caller: &Caller, method: &str, body: &Value) -> Result<()> {
    let mut asked = json!({ "project": caller.project, "body": body });
    if !method.starts_with("global") {
        asked["region"] = REGION.into();
    }
    caller.call("compute.v1", method, &asked).map(drop)
}

/// An endpoint that somebody made by hand, whose address has a name of its own.
fn by_hand(caller: &Caller, name: &str, target: &str) -> Result<()> {
    let project = &caller.project;
    let network = format!("projects/{project}/global/networks/main");
    let address = format!("{name}-address");
    let mut reserved = json!({ "name": address, "addressType": "INTERNAL" });
    let (kinds, scope) = if target.contains('/') {
        reserved["subnetwork"] =
            format!("projects/{project}/regions/{REGION}/subnetworks/one").into();
        (
            ["addresses", "forwardingRules"],
            format!("regions/{REGION}"),
        )
    } else {
        reserved["purpose"] = "PRIVATE_SERVICE_CONNECT".into();
        reserved["network"] = network.clone().into();
        reserved["address"] = "10.100.0.9".into();
        (
            ["globalAddresses", "globalForwardingRules"],
            "global".to_owned(),
        )
    };
    compute(caller, &format!("{}.insert", kinds[0]), &reserved)?;
    let rule = json!({
        "name": name, "target": target, "network": network, "loadBalancingScheme": "",
        "IPAddress": format!("projects/{project}/{scope}/addresses/{address}"),
    });
    compute(caller, &format!("{}.insert", kinds[1]), &rule)
}

#[test]
fn a_private_service() -> Result<()> {
    let bench = Bench::connected()?;
    let other = bench.another_project()?;
    private::network(&other)?;
    let service = |balancer: &str, nat: &str, more: &str| {
        format!(
            "resource \"dataplane_private_service\" \"it\" {{
  name               = \"acme-api\"
  load_balancer      = \"{}\"
  subnets            = [\"{}\"]
  allowed_principals = [\"projects/{}\"]
  auto_accept        = true
  {more}
}}
",
            here("forwardingRules", balancer),
            here("subnetworks", nat),
            other.id,
        )
    };
    let mut steps = Steps::of(&bench, &["private_service"])?;
    let mut terraform = steps.create(bench.ready(&service("one", "nat", ""))?)?;
    terraform = steps.plan(terraform)?;
    terraform = steps.change(
        terraform,
        &service(
            "two",
            "nat-two",
            "connection_limit = 3\n  force_destroy = true",
        ),
    )?;
    by_hand(
        other.owner(),
        "theirs",
        &here("serviceAttachments", "acme-api"),
    )?;
    steps.destroy(terraform)?;
    steps.assert_needed(&[])
}

/// To somebody's service, and to Google's own interfaces; of its own making, and one that is taken in.
#[test]
fn a_private_endpoint() -> Result<()> {
    let bench = Bench::connected()?;
    let service = bench.offered()?;
    let endpoint = |name: &str, service: &str, more: &str| {
        format!(
            "resource \"dataplane_private_endpoint\" \"{name}\" {{
  name         = \"{name}\"
  service_name = \"{service}\"
  network      = \"projects/{PROJECT}/global/networks/main\"
  {more}
}}
"
        )
    };
    let subnets = format!("subnets = [\"{}\"]", here("subnetworks", "one"));
    let both = |more: &str, own: &str| {
        let address = format!("address = \"10.100.0.1\"\n  {more}");
        endpoint("api", &service, &format!("{subnets}\n  {own}\n  {more}"))
            + &endpoint("googleapis", "all-apis", &address)
    };
    let mut steps = Steps::of(&bench, &["private_endpoint"])?;
    let changed = both("tags = { team = \"data\" }", "global_access = true");
    steps.life(&both("", ""), &[&changed])?;
    for (name, target) in [("found", service.as_str()), ("foundapis", "all-apis")] {
        by_hand(bench.owner(), name, target)?;
        let more = if target.contains('/') {
            subnets.as_str()
        } else {
            "address = \"10.100.0.9\""
        };
        let terraform = bench.ready(&endpoint(name, target, more))?;
        let at = format!("dataplane_private_endpoint.{name}");
        let terraform = steps.take(terraform, "read", |terraform| {
            terraform.import(&at, name).map(drop)
        })?;
        let told = terraform.attributes(&at)?;
        ensure!(
            !told["addresses"].is_null() && (name != "found" || !told["subnets"].is_null()),
            "whoever may read is not told of the address: {told:#}"
        );
    }
    let given_back = "an address of an interrupted create is given back where the endpoint lies elsewhere by now";
    let by_hand = "an endpoint whose address somebody else named is read so in each step, and here by who may read";
    steps.assert_needed(&[
        ("create", "compute.addresses.deleteInternal", given_back),
        (
            "create",
            "compute.globalAddresses.deleteInternal",
            given_back,
        ),
        (
            "create",
            "compute.serviceAttachments.get",
            "the service is one of the own project",
        ),
        ("create", "compute.addresses.list", by_hand),
        ("create", "compute.globalAddresses.list", by_hand),
        ("update", "compute.addresses.list", by_hand),
        ("update", "compute.globalAddresses.list", by_hand),
        (
            "update",
            "compute.globalOperations.get",
            "labels of what lies in no region are set at once here",
        ),
        ("delete", "compute.addresses.list", by_hand),
        ("delete", "compute.globalAddresses.list", by_hand),
    ])
}
