//! Private Link, by the same stand-in.

use std::time::Duration;

use acceptance::{azure::Subscription, wait};
use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::json;

use super::{
    azure::WHOSE,
    steps::{Noting as _, Steps},
};
use crate::azure::bench::Bench;

#[test]
fn a_private_service() -> Result<()> {
    let bench = Bench::azure()?;
    let network = bench.subscription.network()?;
    let other = bench.another_subscription()?;
    let service = |more: &str| {
        format!(
            "resource \"dataplane_private_service\" \"it\" {{
  name               = \"acme-api\"
  load_balancer      = \"{}\"
  subnets            = [\"{}\"]
  allowed_principals = [\"{}\"]
  {more}
}}
",
            network.frontends[0], network.link, other.id
        )
    };
    let mut steps = Steps::of(&bench, &["private_service"])?;
    let mut terraform = steps.create(bench.ready(&service(""))?)?;
    terraform = steps.plan(terraform)?;
    let endpoint = asks(
        &other,
        &bench
            .subscription
            .networked("privateLinkServices", "acme-api"),
    )?;
    let changed = format!(
        "accepted_connections = [\"{endpoint}\"]\n  private_dns_name = \"api.acme.example\"\n  force_destroy = true\n  tags = {{ team = \"data\" }}"
    );
    terraform = steps.change(terraform, &service(&changed))?;
    steps.destroy(terraform)?;
    bench.subscription.assert_nothing_private_left()?;
    steps.assert_needed(&WHOSE)
}

/// Somebody else asks for a connection by hand: the endpoint's id.
fn asks(other: &Subscription, service: &str) -> Result<String> {
    let subnet = other.network()?.own;
    let id = other.networked("privateEndpoints", "theirs");
    let asked = json!({ "name": "theirs", "properties": { "privateLinkServiceId": service, "groupIds": [] } });
    let body = json!({ "location": acceptance::azure::LOCATION, "properties": {
        "subnet": { "id": subnet }, "manualPrivateLinkServiceConnections": [asked] } });
    other.arm(&Method::PUT, &id, &body)?;
    Ok(id)
}

/// To what lies in the own subscription, of each kind, and to a service of somebody else.
#[test]
fn a_private_endpoint() -> Result<()> {
    let bench = Bench::azure()?;
    let here = &bench.subscription;
    let network = here.network()?;
    let zones = [here.zone("acme.example")?, here.zone("acme.test")?];
    let other = bench.another_subscription()?;
    other.network()?;
    let us = [here.id.as_str()];
    bench.make_account("acmeprodmeta")?;
    bench.make_vault("acme-vault")?;
    here.describe_on_aks("prod")?;
    let registry = json!({ "location": acceptance::azure::LOCATION, "sku": { "name": "Premium" } });
    let registry = json!({ "registry_name": "acmeprodimages", "registry": registry });
    bench.call("containerregistry", "registries.begin_create", registry)?;
    let of = |kind: &str| format!("{}/providers/Microsoft.{kind}", here.scope());
    let targets = [
        ("blob", of("Storage/storageAccounts/acmeprodmeta")),
        ("vault", of("KeyVault/vaults/acme-vault")),
        (
            "registry",
            of("ContainerRegistry/registries/acmeprodimages"),
        ),
        ("management", of("ContainerService/managedClusters/prod")),
        ("", here.publish("ours", &us, &us)?),
        ("", other.publish("theirs", &us, &us)?),
    ];
    let endpoints = |zone: &str, message: &str, more: &str| -> String {
        let one = |(number, (part, target)): (usize, &(&str, String))| {
            let part = match *part {
                "" => String::new(),
                part => format!("sub_resources = [\"{part}\"]"),
            };
            let message = if target.contains(&other.id) {
                format!("request_message = \"{message}\"")
            } else {
                String::new()
            };
            format!(
                "resource \"dataplane_private_endpoint\" \"to{number}\" {{
  name         = \"to-{number}\"
  service_name = \"{target}\"
  subnets      = [\"{}\"]
  dns_zones    = [\"{zone}\"]
  {part}
  {message}
  {more}
}}
",
                network.own
            )
        };
        targets.iter().enumerate().map(one).collect()
    };
    let mut steps = Steps::of(&bench, &["private_endpoint"])?;
    let [one, two] = &zones;
    let changed = endpoints(two, "thank you", "tags = { team = \"data\" }");
    steps.life(&endpoints(one, "please", ""), &[&changed])?;
    go_on(&bench, &mut steps, &other, &zones)?;
    assert_eq!(here.listed("privateEndpoints")?, [""; 0]);
    steps.assert_needed(&WHOSE)
}

/// A create that was killed is gone on with, and finds that somebody wrote its names into another zone meanwhile.
fn go_on(
    bench: &Bench,
    steps: &mut Steps<'_, Bench>,
    other: &Subscription,
    zones: &[String; 2],
) -> Result<()> {
    let here = &bench.subscription;
    let service = other.publish("slow", &[here.id.as_str()], &[])?;
    let subnet = format!("{}/subnets/own", here.networked("virtualNetworks", "net"));
    let [wanted, another] = zones;
    let text = format!(
        "resource \"dataplane_private_endpoint\" \"late\" {{
  name         = \"late\"
  service_name = \"{service}\"
  subnets      = [\"{subnet}\"]
  dns_zones    = [\"{wanted}\"]
}}
"
    );
    let mut endpoint = None;
    let mut terraform = steps.take(bench.ready(&text)?, "create", |terraform| {
        let applying = terraform.start_apply()?;
        endpoint = Some(other.asked("slow")?);
        wait::until("the end of the create", Duration::from_mins(1), || {
            let found = here.found("privateEndpoints", "late")?.unwrap_or_default();
            Ok((found["properties"]["provisioningState"] == "Succeeded").then_some(()))
        })?;
        applying.kill()
    })?;
    let endpoint = endpoint.context("an endpoint")?;
    other.answer("slow", &endpoint, "Approved")?;
    let zone = json!({ "name": "theirs", "properties": { "privateDnsZoneId": another } });
    let group = json!({ "properties": { "privateDnsZoneConfigs": [zone] } });
    let id = format!("{endpoint}/privateDnsZoneGroups/theirs");
    here.arm(&Method::PUT, &id, &group)?;
    terraform = steps.create(terraform)?;
    let found = here.arm(&Method::GET, &id, &json!(null))?;
    assert_eq!(found, None, "the group of somebody else");
    steps.destroy(terraform).map(drop)
}
