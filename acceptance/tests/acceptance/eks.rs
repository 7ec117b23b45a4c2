//! A cluster that is reached as EKS clusters are: by its name, through the cloud's own credentials.

use acceptance::{
    cluster::{Cluster, Site},
    issuer::Issuer,
    terraform::Terraform,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::bench::Bench;

/// A bench whose cluster EKS knows as `prod`. It is always one of ours, as its API server has to ask the front who a
/// token is.
pub fn bench() -> Result<Bench> {
    let bench = Bench::aws()?;
    let cluster = Cluster::start_on(Site {
        token_review: Some(bench.front.token_review()),
        ..Site::default()
    })?;
    bench.front.trust(Issuer::of(&cluster)?);
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "eks.amazonaws.com" } },
    ] });
    let role = json!({ "RoleName": "eks", "AssumeRolePolicyDocument": trust.to_string() });
    let role = bench.account.call("iam", "create_role", &role)?["Role"]["Arn"].clone();
    let made = json!({ "name": "prod", "roleArn": role, "resourcesVpcConfig": { "subnetIds": ["subnet-1", "subnet-2"] } });
    bench.account.call("eks", "create_cluster", &made)?;
    bench.front.host_on_eks("prod", &cluster)?;
    Ok(bench.with(cluster))
}

#[test]
fn examples_that_name_an_eks_cluster_reach_it() -> Result<()> {
    let bench = bench()?;
    let cluster = bench.cluster()?;
    let terraform = bench.example("data-sources/dataplane_cluster")?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let found = terraform.attributes("data.dataplane_cluster.prod")?;
    assert_eq!(found["endpoint"], cluster.endpoint());
    assert_eq!(found["issuer"], cluster.issuer());
    terraform.destroy()?;

    let terraform = bench.configuration(
        "resource \"dataplane_crds\" \"this\" {\n  cluster = { eks = { name = \"prod\", region = \"eu-west-1\" } }\n  prevent_deletion = false\n}\n",
    )?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    ensure!(
        bench
            .kubectl()?
            .get("crd", "default", "taskactions.flyte.org")?
            .is_some()
    );
    terraform.succeed(&["state", "rm", "dataplane_crds.this"])?;
    terraform.import("dataplane_crds.this", "eks/eu-west-1/prod")?;
    terraform.apply_then_empty_plan()?;
    terraform.destroy()?;
    ensure!(
        bench
            .kubectl()?
            .get("crd", "default", "taskactions.flyte.org")?
            .is_none()
    );
    Ok(())
}

/// The account and the cluster are emulated; the configuration is the one for a real account, but for the endpoints.
#[test]
fn the_example_for_a_real_account_is_applied() -> Result<()> {
    let bench = bench()?;
    let terraform = Terraform::example("complete/aws")?
        .with(bench.account.environment())
        .variable("account_id", &bench.account.id)
        .variable("region", &bench.account.region)
        .variable("cluster", "prod")
        .variable("operator_image", "localhost/dataplane-operator:0.1.0")
        .variable("control_plane_endpoint", "https://acme.control.example.com");
    let allowed = "allowed_account_ids = [var.account_id]";
    terraform.write("emulated_override.tf", &bench.provider(allowed))?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    for role in ["adminflyterole", "userflyterole"] {
        let found = bench
            .account
            .call("iam", "get_role", &json!({ "RoleName": role }))?;
        assert_eq!(found["Role"]["Path"], "/dataplane/");
    }
    let workspace = bench
        .kubectl()?
        .get("namespace", "default", "fraud-production")?;
    ensure!(workspace.is_some(), "no namespace of the workspace");
    Ok(())
}

#[test]
fn an_ephemeral_token_opens_the_cluster_and_is_never_stored() -> Result<()> {
    let bench = bench()?;
    let terraform = bench.example("ephemeral-resources/dataplane_cluster_token")?;
    let file = terraform.directory().join("token");
    terraform.write(
        "use.tf",
        &format!(
            "resource \"terraform_data\" \"use\" {{\n  provisioner \"local-exec\" {{\n    command = \"printenv TOKEN > {}\"\n    environment = {{ TOKEN = ephemeral.dataplane_cluster_token.prod.token }}\n  }}\n}}\n",
            file.display()
        ),
    )?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let token = std::fs::read_to_string(&file)?;
    let kubeconfig = terraform.directory().join("by-token");
    bench
        .cluster()?
        .write_kubeconfig(&kubeconfig, "eks", &json!({ "token": token.trim() }))?;
    let who = acceptance::cluster::Kubectl::new(&kubeconfig)?.json(&["auth", "whoami"])?;
    let user = who["status"]["userInfo"]["username"]
        .as_str()
        .context("a user")?
        .to_owned();
    assert_eq!(user, format!("arn:aws:iam::{}:root", bench.account.id));
    let state = std::fs::read_to_string(terraform.directory().join("terraform.tfstate"))?;
    ensure!(!state.contains(token.trim()), "the token is in the state");
    Ok(())
}
