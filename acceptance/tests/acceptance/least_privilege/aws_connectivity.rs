//! Private services and endpoints on AWS: published, asked for, accepted, changed and destroyed, each step with its own rights.

use std::time::Duration;

use acceptance::{aws::Account, wait};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::aws::Runners;
use crate::{
    bench::Bench,
    private::{Network, text},
};

const LIMIT: Duration = Duration::from_mins(3);

/// The customer of a service, who asks for a connection by hand: the endpoint's id.
fn asks(consumer: &Account, network: &Network, service: &str) -> Result<String> {
    let wanted = json!({
        "VpcEndpointType": "Interface", "VpcId": network.vpc, "ServiceName": service, "PrivateDnsEnabled": false,
    });
    let made = consumer.call("ec2", "create_vpc_endpoint", &wanted)?;
    text(&made["VpcEndpoint"]["VpcEndpointId"])
}

#[test]
fn a_private_service() -> Result<()> {
    let bench = Bench::aws()?;
    let network = Network::make(&bench.account)?;
    let [first, second] = ["one", "two"].map(|name| network.balancer(&bench.account, name));
    let (first, second) = (first?, second?);
    let consumer = Account::new(&bench.front);
    let theirs = Network::make(&consumer)?;
    let written = |balancer: &str, arguments: &str| {
        format!(
            "resource \"dataplane_private_service\" \"it\" {{
  name             = \"acme-api\"
  load_balancer    = \"{balancer}\"
  private_dns_name = \"api.acme.example\"
  {arguments}
}}
"
        )
    };
    let root = format!("arn:aws:iam::{}:root", consumer.id);
    let allowed = format!("allowed_principals = [\"{root}\"]");
    let made = written(
        &first,
        &format!("{allowed}\n  tags = {{ team = \"data\" }}"),
    );
    let mut runners = Runners::new(
        &bench,
        "resources = [\"private_service\"]",
        bench.configuration(&made)?,
    )?;
    // The proof of the name comes with the next apply, which is planned.
    runners = runners
        .create()?
        .step("read", |terraform| terraform.plan().map(drop))?;
    let role = format!("arn:aws:iam::{}:role/ops", consumer.id);
    let changed =
        format!("allowed_principals = [\"{root}\", \"{role}\"]\n  tags = {{ group = \"data\" }}");
    runners
        .terraform
        .write("main.tf", &written(&second, &changed))?;
    runners = runners.update()?.plan()?;

    let service = &runners
        .terraform
        .attributes("dataplane_private_service.it")?["service_name"];
    let service = text(service)?;
    let let_in = asks(&consumer, &theirs, &service)?;
    let kept_out = asks(&consumer, &theirs, &service)?;
    let answered = format!(
        "{allowed}
  accepted_connections = [\"{let_in}\"]
  rejected_connections = [\"{kept_out}\"]
  force_destroy        = true"
    );
    runners
        .terraform
        .write("main.tf", &written(&second, &answered))?;
    runners = runners.update()?.plan()?;
    runners.destroy()?.assert_needed("private_service", &[])
}

/// The endpoint of the account that waits to be accepted.
fn waiting(account: &Account) -> Result<Option<String>> {
    let all = account.call("ec2", "describe_vpc_endpoints", &json!({}))?;
    let mut all = all["VpcEndpoints"].as_array().into_iter().flatten();
    let found = all.find(|found| found["State"] == "pendingAcceptance");
    Ok(found.and_then(|found| found["VpcEndpointId"].as_str().map(str::to_owned)))
}

#[test]
fn a_private_endpoint() -> Result<()> {
    let bench = Bench::aws()?;
    let account = &bench.account;
    let network = Network::make(account)?;
    let table = || {
        let made = account.call(
            "ec2",
            "create_route_table",
            &json!({ "VpcId": network.vpc }),
        )?;
        text(&made["RouteTable"]["RouteTableId"])
    };
    let (table, other) = (table()?, table()?);
    let service = account.ec2().offer_by_name("api.acme.example")?;
    let vpc = &network.vpc;
    let written = |subnet: &str, group: &str, names: bool, table: &str, team: &str| {
        format!(
            "resource \"dataplane_private_endpoint\" \"it\" {{
  name            = \"acme-api\"
  service_name    = \"{service}\"
  network         = \"{vpc}\"
  subnets         = [\"{}\", \"{subnet}\"]
  security_groups = [\"{group}\"]
  private_dns     = {names}
  tags            = {{ {team} = \"data\" }}
}}

resource \"dataplane_private_endpoint\" \"s3\" {{
  name         = \"s3\"
  service_name = \"com.amazonaws.{}.s3\"
  type         = \"gateway\"
  network      = \"{vpc}\"
  route_tables = [\"{table}\"]
}}
",
            network.subnets[0], account.region
        )
    };
    let [_, second, third] = &network.subnets;
    let [group, another] = &network.groups;
    let made = written(second, group, true, &table, "team");
    let mut runners = Runners::new(
        &bench,
        "resources = [\"private_endpoint\"]",
        bench.configuration(&made)?,
    )?;
    runners = runners.step("create", |terraform| {
        let applying = terraform.start_apply()?;
        let id = wait::until("a request for a connection", LIMIT, || waiting(account))?;
        account.ec2().bring(&id, "available")?;
        let (succeeded, printed) = applying.finish(LIMIT)?;
        succeeded.then_some(()).context(printed)
    })?;
    let names = |runners: &Runners<'_>| -> Result<Value> {
        let made = runners
            .terraform
            .attributes("dataplane_private_endpoint.it")?;
        Ok(made["private_dns_active"].clone())
    };
    assert_eq!(names(&runners)?, true);
    runners = runners.plan()?;
    for on in [false, true] {
        let (subnet, group) = if on {
            (second, group)
        } else {
            (third, another)
        };
        let changed = written(subnet, group, on, &other, "group");
        runners.terraform.write("main.tf", &changed)?;
        runners = runners.update()?.plan()?;
        assert_eq!(names(&runners)?, on);
    }
    runners.destroy()?.assert_needed("private_endpoint", &[])
}
