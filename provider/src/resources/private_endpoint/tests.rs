//! Tests of `dataplane_private_endpoint` against a cloud in memory: its life.

mod acceptance;
mod clouds_of_others;
mod drift;
mod ended;
mod input;
mod peculiar;

use clouds::{
    memory::{Memory, World},
    private_endpoints::ServiceOffer,
    private_services::VerificationState,
};
use framework::testing::{Action, State, UNKNOWN};
use serde_json::{Value as Json, json};

use super::*;
use crate::testing::{
    drops_what_is_gone, leaves_to_its_owner, outage, over, refused, refuses, refuses_at_plan,
    survives_every_failure, survives_every_failure_in, text,
};

const NAME: &str = PrivateEndpoint::NAME;
const OWN: &str = "com.amazonaws.eu-west-1.sts";
const VENDOR: &str = "com.amazonaws.vpce.eu-west-1.vpce-svc-0fff0001";

/// One of the cloud's own services.
fn full() -> Json {
    json!({
        "name": "sts",
        "service_name": OWN,
        "network": "vpc-0abc0001",
        "subnets": ["subnet-0abc0001", "subnet-0abc0002"],
        "security_groups": ["sg-0abc0001"],
        "tags": { "env": "prod" },
    })
}

/// One of somebody else's services.
fn vendor() -> Json {
    json!({
        "name": "vendor",
        "service_name": VENDOR,
        "network": "vpc-0abc0001",
        "subnets": ["subnet-0abc0001"],
        "private_dns": true,
    })
}

fn with(mut config: Json, attribute: &str, value: impl Into<Json>) -> Json {
    config[attribute] = value.into();
    config
}

/// A world in which somebody offers a service and lets in by hand.
fn offered() -> Memory {
    let memory = Memory::default();
    let offer = ServiceOffer {
        zones: std::collections::BTreeSet::new(),
        acceptance: true,
        private_dns: Some(VerificationState::Verified),
        owner: Some("111122223333".to_owned()),
    };
    memory.change(|world| world.offers.insert(VENDOR.parse().unwrap(), offer));
    memory
}

fn left(world: &World) -> usize {
    world.private_endpoints.len()
}

fn stored(memory: &Memory, change: impl FnOnce(&mut Found)) {
    memory.change(|world| {
        let stored = world.private_endpoints.values_mut().next().unwrap();
        change(&mut stored.endpoint);
    });
}

/// The owner of the service, or the time, has it so.
fn stand(memory: &Memory, state: ConnectionState) {
    let id = memory.change(|world| world.private_endpoints.keys().next().unwrap().clone());
    assert!(memory.answer(&id, state));
}

fn calls(memory: &Memory, operation: &str) -> usize {
    let calls = memory.calls();
    calls.iter().filter(|call| **call == operation).count()
}

#[tokio::test(start_paused = true)]
async fn basic() {
    let harness = over(&Memory::default()).await;
    let endpoint = harness.resource(NAME);
    endpoint
        .lifecycle(
            full(),
            json!({
                "name": "sts",
                "service_name": OWN,
                "network": "vpc-0abc0001",
                "subnets": ["subnet-0abc0002"],
                "security_groups": ["sg-0abc0001", "sg-0abc0002"],
                "policy": r#"{"Version":"2012-10-17","Statement":[]}"#,
                "private_dns": false,
            }),
        )
        .await;
    let state = endpoint.create(full()).await;
    assert_eq!(state["type"], "interface");
    assert_eq!(state["state"], "available");
    assert_eq!(state["remedy"], json!(null));
    assert_eq!(state["addresses"], json!(["10.0.0.10", "10.0.0.11"]));
    assert_eq!(state["private_dns"], true);
    assert_eq!(state["private_dns_active"], true);
    assert_eq!(state["connection_id"], state["id"]);
    assert_eq!(state["dns"][0]["zone"], "memory");
    assert_eq!(
        state["tags_all"]["dataplane:resource"],
        "dataplane_private_endpoint/sts"
    );
    for (attribute, value) in [("name", json!("other")), ("network", json!("vpc-0abc0002"))] {
        let planned = endpoint.plan(&state, with(full(), attribute, value)).await;
        assert_eq!(planned.action, Action::Replace, "{attribute}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway() {
    let harness = over(&Memory::default()).await;
    let endpoint = harness.resource(NAME);
    let config = json!({
        "name": "s3",
        "type": "gateway",
        "service_name": "com.amazonaws.eu-west-1.s3",
        "network": "vpc-0abc0001",
        "route_tables": ["rtb-0abc0001"],
    });
    let more = with(
        config.clone(),
        "route_tables",
        json!(["rtb-0abc0001", "rtb-0abc0002"]),
    );
    endpoint.lifecycle(config.clone(), more).await;
    let state = endpoint.create(config).await;
    assert!(state["prefix_list"].as_str().unwrap().starts_with("pl-"));
    assert_eq!(state["private_dns"], false);
    assert_eq!(state["addresses"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn it_is_waited_for() {
    let memory = Memory::default();
    memory.change(|world| world.settle_after = 3);
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    assert_eq!(state["state"], "available");
    assert_eq!(calls(&memory, "private_endpoints.get"), 4);
    endpoint.settled(&state, full()).await;
}

#[tokio::test]
async fn disappears() {
    drops_what_is_gone(NAME, full(), |world| world.private_endpoints.clear()).await;
}

#[tokio::test]
async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
    survives_every_failure(NAME, full(), left).await;
}

#[tokio::test(start_paused = true)]
async fn so_is_one_that_takes_its_time() {
    let slow = || {
        let memory = Memory::default();
        memory.change(|world| world.settle_after = 2);
        memory
    };
    survives_every_failure_in(slow, NAME, full(), left).await;
}

#[tokio::test]
async fn an_endpoint_of_somebody_else_is_never_touched() {
    let said = ["the private endpoint sts exists already", "acme-test"];
    leaves_to_its_owner(NAME, full(), &said).await;
}

#[tokio::test]
async fn a_half_made_one_that_cannot_become_what_is_wanted_is_left_alone() {
    let memory = offered();
    memory.change(|world| world.lasting = &["subnets"]);
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    memory.lose_answer("private_endpoints.create", 1, outage());
    endpoint.try_create(full()).await.unwrap_err();
    for (attribute, value) in [
        ("service_name", json!(VENDOR)),
        ("network", json!("vpc-0abc0002")),
        ("type", json!("gateway")),
        ("address", json!("10.0.0.7")),
        ("sub_resources", json!(["blob"])),
        ("subnets", json!(["subnet-0abc0003"])),
    ] {
        let said = refused(&endpoint, with(full(), attribute, value)).await;
        let part = format!("half made with another `{attribute}`");
        assert!(said.contains(&part), "{said}");
    }
    let state = endpoint.create(full()).await;
    endpoint.settled(&state, full()).await;
}

#[tokio::test]
async fn what_a_cloud_cannot_change_makes_another_endpoint() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    let other = with(full(), "subnets", json!(["subnet-0abc0003"]));
    let planned = endpoint.plan(&state, other.clone()).await;
    assert_eq!(planned.action, Action::Update);
    memory.change(|world| world.lasting = &["subnets", "private_dns", "security_groups"]);
    let planned = endpoint.plan(&state, other).await;
    assert_eq!(
        (planned.action, planned.replace_paths),
        (Action::Replace, vec![path!("subnets")])
    );
    let planned = endpoint
        .plan(&state, with(full(), "private_dns", false))
        .await;
    assert_eq!(planned.replace_paths, [path!("private_dns")]);
    let planned = endpoint
        .plan(&state, with(full(), "subnets", UNKNOWN))
        .await;
    assert_eq!(planned.replace_paths, [path!("subnets")]);
}

#[tokio::test]
async fn imported_it_is_what_was_made() {
    let harness = over(&Memory::default()).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    for imported in [
        endpoint.import(state["id"].as_str().unwrap()).await,
        endpoint.import_identity(&state).await.unwrap(),
    ] {
        endpoint.settled(&imported, full()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_one_that_is_gone_does_not_wait_for_it() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    memory.change(|world| world.private_endpoints.clear());
    let began = tokio::time::Instant::now();
    let other = with(full(), "private_dns", false);
    let failed = endpoint.try_update(&state, other).await.unwrap_err();
    assert!(began.elapsed().is_zero());
    let said = text(&failed.diagnostics);
    assert!(said.contains("found nothing"), "{said}");
}

/// On AWS a name is a tag, which somebody who made it otherwise may not have set.
#[tokio::test]
async fn one_that_was_made_by_something_else_only_gets_a_name() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    stored(&memory, |found| {
        found.tags = [("Name".to_owned(), "STS of all".to_owned())].into();
        found.name = found.id.as_str().parse().unwrap();
    });
    let imported = endpoint.import(state["id"].as_str().unwrap()).await;
    assert_eq!(imported["name"], state["id"]);
    let planned = endpoint.plan(&imported, full()).await;
    assert_eq!(
        (planned.action, planned.replace_paths.len()),
        (Action::Update, 0)
    );
    let named = endpoint.apply(&planned, full()).await;
    assert_eq!(named["id"], state["id"]);
    endpoint.settled(&named, full()).await;
}

/// A slip of the pen in a change is told within the time that things take to be seen, as in a new endpoint.
#[tokio::test(start_paused = true)]
async fn a_change_that_refers_to_nothing_is_given_up_after_a_minute() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    for nth in 1..=200 {
        let not_ready = crate::testing::not_ready();
        memory.fail("private_endpoints.configure", nth, not_ready);
    }
    let began = tokio::time::Instant::now();
    let other = with(full(), "subnets", json!(["subnet-0abc0003"]));
    let failed = endpoint.try_update(&state, other).await.unwrap_err();
    let waited = began.elapsed().as_secs();
    assert!((60..70).contains(&waited), "{waited}");
    let said = text(&failed.diagnostics);
    assert!(said.contains("the settings of private endpoint"), "{said}");
    assert!(said.contains("not there after a minute"), "{said}");
}

/// Where nobody is waited for, there is the time that was written.
#[tokio::test(start_paused = true)]
async fn the_time_that_was_written_is_the_one_that_is_told() {
    for (waits, allowed) in [(false, 60), (true, 180)] {
        let memory = Memory::default();
        memory.change(|world| world.settle_after = 1000);
        let harness = over(&memory).await;
        let config = with(full(), "timeouts", json!({ "create": "1m" }));
        let config = with(config, "wait_for_acceptance", waits);
        let began = tokio::time::Instant::now();
        let failed = harness.resource(NAME).try_create(config).await;
        assert_eq!(began.elapsed().as_secs(), allowed);
        let said = text(&failed.unwrap_err().diagnostics);
        assert!(said.contains("raise the timeout of 1m"), "{said}");
    }
}
