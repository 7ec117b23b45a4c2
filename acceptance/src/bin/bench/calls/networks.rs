//! What private connectivity stands in on each cloud, made by the cloud's own clients.

use std::time::Duration;

use acceptance::{
    aws::Account,
    azure::Subscription,
    google::{Project, REGION},
    wait,
};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// How long somebody else's apply may take until it asks for a connection.
const LIMIT: Duration = Duration::from_mins(2);

/// By what names a configuration has the parts of a network.
pub type Names = Vec<(&'static str, String)>;

pub fn of_account(account: &Account) -> Result<Names> {
    let ec2 = |operation: &str, asked: Value| account.call("ec2", operation, &asked);
    let vpc = text(&ec2("create_vpc", json!({ "CidrBlock": "10.0.0.0/16" }))?["Vpc"]["VpcId"])?;
    let zone = format!("{}a", account.region);
    let subnet = json!({ "VpcId": vpc, "CidrBlock": "10.0.0.0/24", "AvailabilityZone": zone });
    let subnet = text(&ec2("create_subnet", subnet)?["Subnet"]["SubnetId"])?;
    let group = |name: &str| {
        let wanted = json!({ "VpcId": vpc, "GroupName": name, "Description": name });
        text(&ec2("create_security_group", wanted)?["GroupId"])
    };
    let groups = [group("one")?, group("two")?];
    let balancer =
        json!({ "Name": "calls", "Type": "network", "Scheme": "internal", "Subnets": [subnet] });
    let balancer = account.call("elbv2", "create_load_balancer", &balancer)?;
    let [group, other_group] = groups;
    Ok(vec![
        (
            "balancer",
            text(&balancer["LoadBalancers"][0]["LoadBalancerArn"])?,
        ),
        ("network", vpc),
        ("subnet", subnet),
        ("group", group),
        ("other_group", other_group),
        ("offered", account.ec2().offer(false, &[])?),
    ])
}

/// Waits for somebody who asks for a connection to a service: its id.
pub fn asked_of_account(account: &Account, service: &str) -> Result<String> {
    let wanted = json!({ "Filters": [
        { "Name": "service-id", "Values": [service] },
        { "Name": "vpc-endpoint-state", "Values": ["pendingAcceptance"] },
    ] });
    wait::until("a request for a connection", LIMIT, || {
        let found = account.call("ec2", "describe_vpc_endpoint_connections", &wanted)?;
        let id = &found["VpcEndpointConnections"][0]["VpcEndpointId"];
        Ok(id.as_str().map(str::to_owned))
    })
}

pub fn of_project(project: &Project) -> Result<Names> {
    let subnet = |name: &str, range: &str, purpose: &str| json!({ "name": name, "region": REGION, "range": range, "purpose": purpose });
    project.network(&json!({
        "name": "main",
        "subnetworks": [
            subnet("own", "10.7.0.0/24", "PRIVATE"),
            subnet("link", "10.7.1.0/24", "PRIVATE_SERVICE_CONNECT"),
            subnet("offered", "10.7.2.0/24", "PRIVATE_SERVICE_CONNECT"),
        ],
        "forwardingRules": [{ "name": "one", "region": REGION }, { "name": "two", "region": REGION }],
    }))?;
    let at =
        |kind: &str, name: &str| format!("projects/{}/regions/{REGION}/{kind}/{name}", project.id);
    let body = json!({
        "name": "offered", "connectionPreference": "ACCEPT_AUTOMATIC", "reconcileConnections": true,
        "targetService": at("forwardingRules", "two"), "natSubnets": [at("subnetworks", "offered")],
    });
    let asked = json!({ "project": project.id, "region": REGION, "body": body });
    project
        .owner()
        .call("compute.v1", "serviceAttachments.insert", &asked)?;
    Ok(vec![
        ("balancer", at("forwardingRules", "one")),
        ("link", at("subnetworks", "link")),
        (
            "network",
            format!("projects/{}/global/networks/main", project.id),
        ),
        ("subnet", at("subnetworks", "own")),
        ("offered", at("serviceAttachments", "offered")),
    ])
}

pub fn asked_of_project(project: &Project, service: &str) -> Result<String> {
    let wanted = json!({ "project": project.id, "region": REGION, "serviceAttachment": service });
    wait::until("a request for a connection", LIMIT, || {
        let found = project
            .owner()
            .call("compute.v1", "serviceAttachments.get", &wanted)?;
        let asked = found["connectedEndpoints"].as_array().into_iter().flatten();
        let mut asked = asked.filter(|one| one["status"] == "PENDING");
        let url = asked.next().and_then(|one| one["endpointWithId"].as_str());
        let path = url.and_then(|url| url.find("projects/").and_then(|start| url.get(start..)));
        Ok(path.map(str::to_owned))
    })
}

pub fn of_subscription(subscription: &Subscription) -> Result<Names> {
    let network = subscription.network()?;
    let us = [subscription.id.as_str()];
    let [balancer, _] = network.frontends;
    Ok(vec![
        ("balancer", balancer),
        ("link", network.link),
        ("subnet", network.own),
        ("offered", subscription.publish("offered", &us, &us)?),
    ])
}

/// The text with the names of a network in it, which stand there as `<subnet>`.
pub fn named(text: &str, names: &[(&'static str, String)]) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("<{name}>"), value)
    })
}

fn text(value: &Value) -> Result<String> {
    let text = value
        .as_str()
        .with_context(|| format!("{value} is no text"))?;
    Ok(text.to_owned())
}
