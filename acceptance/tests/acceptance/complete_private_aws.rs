//! `examples/complete/private/aws`: a foundation and a data plane on it. Network and endpoints are made in the emulators; the cluster
//! of the foundation is hashicorp/aws' schema, and where the data plane goes, a real API server stands in its place.

use std::{fs, time::Duration};

use acceptance::{
    aws::{Account, Emulators, Front},
    cluster::{Cluster, Site},
    issuer::Issuer,
    setup,
    terraform::Terraform,
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{egress, inbound, private::text};

const LIMIT: Duration = Duration::from_mins(3);
const RANGE: &str = "10.0.0.0/16";
const S3: &str = "52.218.0.0/17";

/// The live endpoints of an account.
pub fn endpoints(account: &Account) -> Result<Vec<Value>> {
    let all = account.call("ec2", "describe_vpc_endpoints", &json!({}))?;
    let all = all["VpcEndpoints"].as_array().cloned();
    let live = |found: &Value| found["State"] != "deleted" && found["State"] != "deleting";
    Ok(all.into_iter().flatten().filter(live).collect())
}

/// The foundation, which its operators run from `RANGE`.
pub fn foundation(account: &Account, name: &str, answers: &str) -> Result<Terraform> {
    let admins = json!([format!("arn:aws:iam::{}:role/platform", account.id)]);
    let zones = json!(["a", "b"].map(|zone| format!("{}{zone}", account.region)));
    let terraform = Terraform::example("complete/private/aws/foundation")?
        .with(account.environment())
        .with([
            (
                "DATAPLANE_SCHEMA_AWS_ENDPOINT".to_owned(),
                account.endpoint.clone(),
            ),
            ("DATAPLANE_SCHEMA_ANSWERS".to_owned(), answers.to_owned()),
        ])
        .variable("account_id", &account.id)
        .variable("region", &account.region)
        .variable("name", name)
        .variable("zones", &zones.to_string())
        .variable("admins", &admins.to_string())
        .variable(
            "authorized_ranges",
            &json!({ "runners": RANGE }).to_string(),
        );
    terraform.init()?;
    Ok(terraform)
}

#[test]
fn a_data_plane_stands_on_a_foundation_and_reaches_its_endpoints_only() -> Result<()> {
    let front = Front::start(Emulators::shared()?)?;
    let account = Account::new(&front);
    let name = format!("private-{}", account.id.split_at(8).1);
    let folder = setup::scratch()?;
    let answers = folder.path().join("answers.json");
    let ranges = json!([{ "type": "aws_prefix_list", "arguments": {}, "attributes": { "cidr_blocks": [S3] } }]);
    fs::write(&answers, ranges.to_string())?;
    let foundation = foundation(&account, &name, &answers.display().to_string())?;
    inbound::assert_private(&foundation.plan()?, RANGE)?;
    foundation.apply()?;
    foundation.plan()?.assert_empty("the foundation's plan")?;
    foundation
        .plan_refresh_only()?
        .assert_no_difference("the foundation's refresh")?;
    let made = endpoints(&account)?;
    assert_eq!(made.len(), 16);
    for endpoint in &made {
        let by_name =
            endpoint["VpcEndpointType"] == "Gateway" || endpoint["PrivateDnsEnabled"] == true;
        ensure!(by_name, "not reached by the service's own name: {endpoint}");
    }

    let cluster = Cluster::start_on(Site {
        token_review: Some(front.token_review()),
        ..Site::default()
    })?;
    front.trust(Issuer::of(&cluster)?);
    let role = json!({ "RoleName": "eks", "AssumeRolePolicyDocument": "{}" });
    let role = text(&account.call("iam", "create_role", &role)?["Role"]["Arn"])?;
    let record = json!({ "name": name, "roleArn": role, "resourcesVpcConfig": { "subnetIds": made[0]["SubnetIds"] } });
    account.call("eks", "create_cluster", &record)?;
    front.host_on_eks(&name, &cluster)?;
    let mut told = foundation.output("foundation")?;
    // The cluster's own, in place of the one that its schema makes up.
    told["issuer"] = cluster.issuer().into();
    let plane = Terraform::example("complete/private/aws/data-plane")?
        .with(account.over_tls().environment())
        .variable("account_id", &account.id)
        .variable("foundation", &told.to_string())
        .variable("operator_image", "localhost/dataplane-operator:0.1.0")
        .variable("control_plane_endpoint", "https://acme.control.example.com");
    plane.init()?;
    plane.apply_then_empty_plan()?;

    let kubectl = cluster.kubectl()?;
    ensure!(kubectl.get("deployment", "union", "operator")?.is_some());
    let reached = egress::ranges(&kubectl.list(&["networkpolicies", "-n", "fraud-production"])?)?;
    let services = told["services"].as_array().context("addresses")?;
    let told = services
        .iter()
        .filter_map(Value::as_str)
        .chain([S3, egress::NODE_LOCAL_NAMES]);
    assert_eq!(reached, told.map(str::to_owned).collect());

    plane.succeed(&["state", "rm", "module.operator.dataplane_crds.this[0]"])?;
    plane.destroy()?;
    foundation.destroy()?;
    wait::until("the endpoints to be gone", LIMIT, || {
        Ok(endpoints(&account)?.is_empty().then_some(()))
    })?;
    let vpcs = account.call("ec2", "describe_vpcs", &json!({}))?;
    ensure!(
        !vpcs.to_string().contains(&text(&made[0]["VpcId"])?),
        "{vpcs}"
    );
    Ok(())
}
