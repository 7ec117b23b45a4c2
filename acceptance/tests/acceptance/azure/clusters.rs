//! Clusters of AKS whose API takes no token of Entra: that is said with what to do, before it refuses one.

use anyhow::{Context as _, Result, ensure};

use super::bench::{Bench, GROUP};

#[test]
fn a_cluster_with_users_of_its_own_is_looked_up_and_not_signed_in_to() -> Result<()> {
    let bench = Bench::azure()?;
    bench.subscription.describe_on_aks("own")?;
    let cluster =
        format!("cluster = {{ aks = {{ resource_group = \"{GROUP}\", name = \"own\" }} }}");
    let lookup = format!(
        "data \"dataplane_cluster\" \"own\" {{\n  {cluster}\n}}\noutput \"issuer\" {{\n  value = data.dataplane_cluster.own.issuer\n}}\n"
    );
    let terraform = bench.configuration(&lookup)?;
    terraform.init()?;
    terraform.apply()?;
    assert_eq!(terraform.output("issuer")?, "https://oidc.example.test/own");
    let workspace = format!(
        "resource \"dataplane_workspace\" \"this\" {{\n  {cluster}\n  operator = \"union/dataplane\"\n  project  = \"fraud\"\n  domain   = \"production\"\n}}\n"
    );
    terraform.write("workspace.tf", &workspace)?;
    let told = terraform.diagnostics("apply")?;
    let told = told
        .iter()
        .find(|told| told.address == "dataplane_workspace.this")
        .context("nothing is told of the workspace")?;
    let told = format!("{} {}", told.summary, told.detail);
    for part in ["az aks update --enable-aad", "`kubernetes` argument", "own"] {
        ensure!(told.contains(part), "no {part} in: {told}");
    }
    Ok(())
}
