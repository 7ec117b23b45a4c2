//! Whole examples on AWS, run by somebody who has what is printed for their kinds, by the names that they give, and nothing else.

use std::fs;

use acceptance::{setup, terraform::Terraform};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::aws::Runners;
use crate::{
    bench::Bench,
    complete_private_aws::{endpoints, foundation},
    complete_sovereign, eks,
};

/// Roles of a data plane called `acme-prod`, where no path is given.
const ROLES: [&str; 4] = [
    "adminflyterole",
    "userflyterole",
    "acme-prod-builder",
    "acme-prod-log-writer",
];

/// What a data plane called `acme-prod` takes, in a cluster called `prod`.
fn of_data_plane(roles: &[&str], issuer: &str) -> String {
    format!(
        "  resources = [\"bucket\", \"identity_provider\", \"role\", \"registry\", \"log_group\", \"secret\", \"cluster\"]
  kms_keys  = []
  names = {{
    bucket            = [\"acme-prod-metadata\", \"acme-prod-fast-registration\"]
    identity_provider = [\"{issuer}\"]
    role              = {roles:?}
    registry          = [\"acme-prod\"]
    log_group         = [\"/dataplane/acme-prod\"]
    secret            = [\"acme-prod/*\"]
    cluster           = [\"prod\"]
  }}"
    )
}

/// Somebody gives a role what it must not have, which is taken away again.
fn meddle(bench: &Bench) -> Result<()> {
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let attached = json!({ "RoleName": "adminflyterole", "PolicyArn": admin });
    bench
        .account
        .call("iam", "attach_role_policy", &attached)
        .map(drop)
}

fn bench() -> Result<Bench> {
    let mut bench = eks::bench()?;
    // Buckets refuse everybody who comes without TLS.
    bench.account = bench.account.over_tls();
    Ok(bench)
}

/// Nothing is left in the cloud of what the examples make.
fn assert_nothing_left(bench: &Bench) -> Result<()> {
    for (service, operation, list) in [
        ("s3", "list_buckets", "Buckets"),
        ("ecr", "describe_repositories", "repositories"),
        ("logs", "describe_log_groups", "logGroups"),
        (
            "iam",
            "list_open_id_connect_providers",
            "OpenIDConnectProviderList",
        ),
    ] {
        let left = bench.account.call(service, operation, &json!({}))?;
        ensure!(left[list] == json!([]), "{left}");
    }
    Ok(())
}

/// Its definitions are taken out of the state before, since they stay where tasks of others are.
fn leave(runners: Runners<'_>) -> Result<Runners<'_>> {
    let definitions = "module.operator.dataplane_crds.this[0]";
    runners.terraform.succeed(&["state", "rm", definitions])?;
    runners.destroy()
}

#[test]
fn the_example_of_a_data_plane() -> Result<()> {
    let bench = bench()?;
    let boundary = json!({ "PolicyName": "boundary", "PolicyDocument": json!({
        "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }],
    }).to_string() });
    bench.account.call("iam", "create_policy", &boundary)?;
    let terraform = Terraform::example("complete/aws")?
        .with(bench.account.environment())
        .variable("account_id", &bench.account.id)
        .variable("region", &bench.account.region)
        .variable("cluster", "prod")
        .variable("operator_image", "localhost/dataplane-operator:0.1.0")
        .variable("control_plane_endpoint", "https://acme.control.example.com");
    let allowed = "allowed_account_ids = [var.account_id]";
    terraform.write("emulated_override.tf", &bench.provider(allowed))?;
    let issuer = bench.cluster()?.issuer();
    let asked = of_data_plane(&["/dataplane/*"], issuer);
    let runners = Runners::new(&bench, &asked, terraform)?.create()?.plan()?;
    let boundary = format!("arn:aws:iam::{}:policy/boundary", bench.account.id);
    let changed = json!({
        "control_plane_endpoint": "https://other.control.example.com",
        "permissions_boundary": boundary,
    });
    // Over what the environment says.
    runners
        .terraform
        .write("changed.auto.tfvars.json", &changed.to_string())?;
    let runners = runners.update()?.plan()?;
    let role = json!({ "RoleName": "adminflyterole" });
    let role = bench.account.call("iam", "get_role", &role)?;
    let bound = &role["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"];
    ensure!(*bound == json!(boundary), "{role}");
    leave(runners)?;
    assert_nothing_left(&bench)
}

/// What the other provider makes there is its schema, and takes nothing.
#[test]
fn the_sovereign_example() -> Result<()> {
    let bench = bench()?;
    let network = json!({ "id": "vpc-0123456789abcdef0", "cidr": "10.0.0.0/16", "subnet_ids": ["subnet-0aaaaaaaaaaaaaaaa"] });
    let egress = json!({ "kubernetes_api": ["10.0.0.0/22"], "tasks": ["10.0.16.0/22"] });
    let terraform = complete_sovereign::example("aws")?
        .with(bench.account.environment())
        .variable("account_id", &bench.account.id)
        .variable("region", &bench.account.region)
        .variable("network", &network.to_string())
        .variable("egress", &egress.to_string());
    let allowed = "allowed_account_ids = [var.account_id]";
    terraform.write("emulated_override.tf", &bench.provider(allowed))?;
    let issuer = bench.cluster()?.issuer();
    let asked = of_data_plane(&ROLES, issuer);
    let runners = Runners::new(&bench, &asked, terraform)?.create()?.plan()?;
    meddle(&bench)?;
    let runners = runners.update()?.plan()?;
    leave(runners)?;
    assert_nothing_left(&bench)
}

/// The data plane of the private example; its foundation is told, as another root's output.
#[test]
fn the_data_plane_of_the_private_example() -> Result<()> {
    let bench = bench()?;
    let foundation = json!({
        "name": "acme-prod",
        "region": bench.account.region,
        "cluster": { "eks": { "name": "prod", "region": bench.account.region } },
        "issuer": bench.cluster()?.issuer(),
        "control_plane": "10.0.0.0/24",
        "services": ["10.0.1.0/24"],
        "s3": ["52.218.0.0/17"],
    });
    let terraform = Terraform::example("complete/private/aws/data-plane")?
        .with(bench.account.environment())
        .variable("account_id", &bench.account.id)
        .variable("foundation", &foundation.to_string())
        .variable("operator_image", "localhost/dataplane-operator:0.1.0")
        .variable("control_plane_endpoint", "https://acme.control.example.com");
    let issuer = bench.cluster()?.issuer();
    let asked = of_data_plane(&ROLES, issuer);
    let runners = Runners::new(&bench, &asked, terraform)?.create()?.plan()?;
    meddle(&bench)?;
    let runners = runners.update()?.plan()?;
    leave(runners)?;
    assert_nothing_left(&bench)
}

/// The other provider works as the account's root, by its schema: what is tried here are the endpoints.
#[test]
fn the_foundation_of_the_private_example() -> Result<()> {
    let bench = Bench::aws()?;
    let account = &bench.account;
    let folder = setup::scratch()?;
    let answers = folder.path().join("answers.json");
    let ranges = json!([{ "type": "aws_prefix_list", "arguments": {}, "attributes": { "cidr_blocks": ["52.218.0.0/17"] } }]);
    fs::write(&answers, ranges.to_string())?;
    let terraform = foundation(account, "acme-prod", &answers.display().to_string())?;
    let root = format!(
        "provider \"aws\" {{\n  access_key = \"{}\"\n}}\n",
        account.id
    );
    terraform.write("root_override.tf", &root)?;
    let asked = "  resources = [\"private_endpoint\"]\n  owners    = [\"acme-prod-foundation\"]";
    let runners = Runners::new(&bench, asked, terraform)?.create()?.plan()?;
    let all = endpoints(account)?;
    assert_eq!(all.len(), 16);
    let mut gateways = all
        .iter()
        .filter(|found| found["VpcEndpointType"] == "Gateway");
    let gateway = gateways.next().context("a gateway")?;
    let opened = json!({ "VpcEndpointId": gateway["VpcEndpointId"], "ResetPolicy": true });
    account.call("ec2", "modify_vpc_endpoint", &opened)?;
    let runners = runners.update()?.plan()?;
    runners.destroy()?;
    assert!(endpoints(account)?.is_empty());
    Ok(())
}

/// A cluster is looked up, and opened by a token that whoever is somebody can make; who may what in it, the cluster says.
#[test]
fn a_cluster() -> Result<()> {
    let bench = bench()?;
    let definitions = "data \"dataplane_cluster\" \"it\" {
  cluster = { eks = { name = \"prod\", region = \"eu-west-1\" } }
}

resource \"dataplane_crds\" \"it\" {
  cluster          = { eks = { name = \"prod\", region = \"eu-west-1\" } }
  prevent_deletion = false
}
";
    let asked = "  resources = [\"cluster\"]\n  names     = { cluster = [\"prod\"] }";
    let runners = Runners::new(&bench, asked, bench.configuration(definitions)?)?;
    let runners = runners.create()?.plan()?.destroy()?;
    runners.assert_needed("cluster", &[])?;

    let asked = "  resources = [\"cluster\"]\n  names     = { cluster = [\"other\"] }";
    let runners = Runners::new(&bench, asked, bench.configuration(definitions)?)?;
    let mut said = String::new();
    let looked = runners.step("read", |terraform| {
        let refused = terraform.plan().err().context("it may not look")?;
        said = format!("{refused:#}");
        Ok(())
    });
    let refused = format!("{:#}", looked.err().context("it may not look")?);
    ensure!(refused.contains("was refused"), "{refused}");
    ensure!(said.contains("eks:DescribeCluster"), "{said}");
    Ok(())
}
