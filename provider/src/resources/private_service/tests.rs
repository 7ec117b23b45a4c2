//! Tests of `dataplane_private_service` against a cloud in memory: its life.

mod clouds_of_others;
mod connections;
mod drift;
mod input;

use clouds::{
    memory::Memory,
    private_services::{Connection, VerificationState},
};
use framework::testing::{Action, Harness, State};
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    Dataplane,
    testing::{
        drops_what_is_gone, leaves_to_its_owner, outage, over, refused, refuses, refuses_at_plan,
        survives_every_failure, survives_every_failure_in, text,
    },
};

const NAME: &str = PrivateService::NAME;
const BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9188";
const OTHER_BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9199";
const VENDOR: &str = "arn:aws:iam::111122223333:root";
const CONNECTION: &str = "vpce-0fff0001";

fn full() -> Json {
    json!({
        "name": "acme-api",
        "load_balancer": BALANCER,
        "allowed_principals": [VENDOR],
        "connection_limit": 3,
        "tags": { "env": "prod" },
    })
}

fn with(attribute: &str, value: impl Into<Json>) -> Json {
    let mut config = full();
    config[attribute] = value.into();
    config
}

fn stored(memory: &Memory, change: impl FnOnce(&mut Found)) {
    memory.change(|world| {
        let stored = world.private_services.values_mut().next().unwrap();
        change(&mut stored.service);
    });
}

/// Somebody of the vendor's account asks for a connection.
fn ask(memory: &Memory, id: &str) {
    stored(memory, |service| {
        service.connections.push(Connection {
            id: id.parse().unwrap(),
            owner: "111122223333".to_owned(),
            state: ConnectionState::PendingAcceptance,
            addresses: vec!["10.0.0.7".to_owned()],
            created: None,
        });
    });
}

/// How the one connection stands, in the cloud.
fn standing(memory: &Memory) -> ConnectionState {
    let mut state = None;
    stored(memory, |service| {
        state = service.connections.first().map(|one| one.state);
    });
    state.unwrap()
}

fn stand(memory: &Memory, state: ConnectionState) {
    stored(memory, |service| {
        for one in &mut service.connections {
            one.state = state;
        }
    });
}

#[tokio::test(start_paused = true)]
async fn basic() {
    let harness = over(&Memory::default()).await;
    let service = harness.resource(NAME);
    service
        .lifecycle(
            full(),
            json!({
                "name": "acme-api",
                "load_balancer": OTHER_BALANCER,
                "allowed_principals": [VENDOR, "arn:aws:iam::444455556666:role/vendor"],
                "auto_accept": true,
            }),
        )
        .await;
    let state = service.create(full()).await;
    assert_eq!(state["state"], "available");
    assert_eq!(
        state["service_name"],
        format!(
            "com.amazonaws.vpce.eu-west-1.{}",
            state["id"].as_str().unwrap()
        )
    );
    assert_eq!(state["connections"], json!([]));
    assert_eq!(
        state["tags_all"]["dataplane:resource"],
        "dataplane_private_service/acme-api"
    );
    let planned = service.plan(&state, with("name", "acme-other")).await;
    assert_eq!(planned.action, Action::Replace);
}

#[tokio::test(start_paused = true)]
async fn it_is_waited_for() {
    let memory = Memory::default();
    memory.change(|world| world.settle_after = 3);
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    assert_eq!(state["state"], "available");
    let looks = memory.calls();
    let looks = looks.iter().filter(|call| **call == "private_services.get");
    assert_eq!(looks.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn one_that_stays_pending_is_an_error_with_its_state_in_the_end() {
    let memory = Memory::default();
    memory.change(|world| world.settle_after = usize::MAX);
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let failed = service.try_create(full()).await.unwrap_err();
    let said = text(&failed.diagnostics);
    assert!(said.contains("it is pending"), "{said}");
    assert!(failed.state.unwrap().tainted);
}

#[tokio::test]
async fn one_that_failed_says_so() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    stored(&memory, |found| found.state = ServiceState::Failed);
    let found = service.read(&state).await.unwrap();
    assert_eq!(found["state"], "failed");
    assert_eq!(service.plan(&found, full()).await.action, Action::Update);
    let failed = service.try_update(&found, full()).await.unwrap_err();
    let said = text(&failed.diagnostics);
    assert!(said.contains("private service acme-api failed"), "{said}");
    assert!(said.contains("-replace"), "{said}");
    // Before that it was tried to mend it, which some clouds do by another change.
    assert!(memory.calls().contains(&"private_services.configure"));
}

#[tokio::test]
async fn disappears() {
    drops_what_is_gone(NAME, full(), |world| world.private_services.clear()).await;
}

#[tokio::test]
async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
    let config = || with("auto_accept", true);
    survives_every_failure(NAME, config(), |world| world.private_services.len()).await;
}

#[tokio::test(start_paused = true)]
async fn so_is_one_that_takes_its_time() {
    let slow = || {
        let memory = Memory::default();
        memory.change(|world| world.settle_after = 2);
        memory
    };
    let left = |world: &clouds::memory::World| world.private_services.len();
    survives_every_failure_in(slow, NAME, full(), left).await;
}

#[tokio::test]
async fn a_service_of_somebody_else_is_never_touched() {
    let said = ["the private service acme-api exists already", "acme-test"];
    leaves_to_its_owner(NAME, full(), &said).await;
}

/// What the import block says leads to the object, which on AWS has no name.
#[tokio::test]
async fn one_that_exists_is_imported_by_its_id() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    let said = refused(&service, full()).await;
    let id = format!("id = \"{}\"", state["id"].as_str().unwrap());
    assert!(said.contains(&id), "{said}");
}

#[tokio::test]
async fn a_half_made_one_that_cannot_become_what_is_wanted_is_left_alone() {
    let memory = Memory::default();
    memory.change(|world| world.lasting = &["load_balancer"]);
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    memory.lose_answer("private_services.create", 1, outage());
    service.try_create(full()).await.unwrap_err();
    let said = refused(&service, with("load_balancer", OTHER_BALANCER)).await;
    assert!(
        said.contains("half made with another `load_balancer`"),
        "{said}"
    );
    service.create(full()).await;
}

#[tokio::test]
async fn what_a_cloud_cannot_change_makes_another_service() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    let other = with("load_balancer", OTHER_BALANCER);
    let planned = service.plan(&state, other.clone()).await;
    assert_eq!(planned.action, Action::Update);
    memory.change(|world| world.lasting = &["load_balancer", "allowed"]);
    let planned = service.plan(&state, other).await;
    assert_eq!(
        (planned.action, planned.replace_paths),
        (Action::Replace, vec![path!("load_balancer")])
    );
    let planned = service
        .plan(&state, with("allowed_principals", json!(["*"])))
        .await;
    assert_eq!(planned.replace_paths, [path!("allowed_principals")]);
    let unknown = with("load_balancer", framework::testing::UNKNOWN);
    let planned = service.plan(&state, unknown).await;
    assert_eq!(planned.replace_paths, [path!("load_balancer")]);
}

#[tokio::test]
async fn imported_it_is_what_was_made() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    ask(&memory, CONNECTION);
    let accepting = with("accepted_connections", json!([CONNECTION]));
    let state = service.read(&state).await.unwrap();
    let state = service.update(&state, accepting.clone()).await;
    for imported in [
        service.import(state["id"].as_str().unwrap()).await,
        service.import_identity(&state).await.unwrap(),
    ] {
        service.settled(&imported, accepting.clone()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_one_that_is_gone_does_not_wait_for_it() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    memory.change(|world| world.private_services.clear());
    let began = tokio::time::Instant::now();
    let other = with("load_balancer", OTHER_BALANCER);
    let failed = service.try_update(&state, other).await.unwrap_err();
    assert!(began.elapsed().is_zero());
    let said = text(&failed.diagnostics);
    assert!(said.contains("found nothing"), "{said}");
}

/// On AWS a name is a tag, which somebody who made it otherwise may not have set.
#[tokio::test]
async fn one_that_was_made_by_something_else_only_gets_a_name() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    stored(&memory, |found| {
        found.tags = [("Name".to_owned(), "The API".to_owned())].into();
        found.name = found.id.as_str().parse().unwrap();
    });
    let imported = service.import(state["id"].as_str().unwrap()).await;
    assert_eq!(imported["name"], state["id"]);
    let planned = service.plan(&imported, full()).await;
    assert_eq!(
        (planned.action, planned.replace_paths.len()),
        (Action::Update, 0)
    );
    let named = service.apply(&planned, full()).await;
    assert_eq!(named["id"], state["id"]);
    let found = service.settled(&named, full()).await;
    let other = with("name", "other");
    let planned = service.plan(&found, other).await;
    assert_eq!(planned.replace_paths, [path!("name")]);
}

/// A slip of the pen in a change is told within the time that things take to be seen, as in a new service.
#[tokio::test(start_paused = true)]
async fn a_change_that_refers_to_nothing_is_given_up_after_a_minute() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    for nth in 1..=200 {
        let not_ready = crate::testing::not_ready();
        memory.fail("private_services.configure", nth, not_ready);
    }
    let began = tokio::time::Instant::now();
    let other = with("load_balancer", OTHER_BALANCER);
    let failed = service.try_update(&state, other).await.unwrap_err();
    let waited = began.elapsed().as_secs();
    assert!((60..70).contains(&waited), "{waited}");
    let said = text(&failed.diagnostics);
    assert!(said.contains("not there after a minute"), "{said}");
}
