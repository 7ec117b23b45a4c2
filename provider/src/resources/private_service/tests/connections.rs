//! Who asks, and how that is answered.

use super::*;

fn accepting() -> Json {
    with("accepted_connections", json!([CONNECTION]))
}

/// A service that somebody asked for, as the next plan finds it.
async fn asked(memory: &Memory, harness: &Harness<Dataplane>, config: Json) -> State {
    let service = harness.resource(NAME);
    let state = service.create(config).await;
    ask(memory, CONNECTION);
    service.read(&state).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_is_shown_and_let_in_by_name() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = asked(&memory, &harness, full()).await;
    assert_eq!(
        state["connections"],
        json!([{
            "id": CONNECTION,
            "owner": "111122223333",
            "state": "pending_acceptance",
            "addresses": ["10.0.0.7"],
            "created": null,
        }])
    );
    assert_eq!(service.plan(&state, full()).await.action, Action::NoOp);
    let state = service.update(&state, accepting()).await;
    assert_eq!(standing(&memory), ConnectionState::Available);
    assert_eq!(state["connections"][0]["state"], "available");
    service.settled(&state, accepting()).await;
}

#[tokio::test(start_paused = true)]
async fn who_is_accepted_before_asking_is_let_in_by_the_next_apply() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(accepting()).await;
    let planned = service.plan(&state, accepting()).await;
    assert_eq!(planned.action, Action::NoOp);
    let said = text(&planned.diagnostics);
    assert!(said.contains("vpce-0fff0001 has not asked"), "{said}");

    ask(&memory, CONNECTION);
    let found = service.read(&state).await.unwrap();
    let planned = service.plan(&found, accepting()).await;
    assert_eq!(planned.action, Action::Update);
    assert_eq!(planned.values["connections"], framework::testing::UNKNOWN);
    assert_eq!(text(&planned.diagnostics), "");
    let state = service.apply(&planned, accepting()).await;
    assert_eq!(standing(&memory), ConnectionState::Available);
    service.settled(&state, accepting()).await;
}

/// Google Cloud keeps a list, too, but of numbers that there are once somebody asks.
#[tokio::test]
async fn a_cloud_with_a_list_says_of_those_who_did_not_ask_that_they_did_not() {
    let rule = "projects/vendor/regions/europe-west4/forwardingRules/4711000000000000123";
    let harness = over(&Memory::default()).await;
    let service = harness.resource(NAME);
    let config = with("accepted_connections", json!([rule]));
    let state = service.create(config.clone()).await;
    let planned = service.plan(&state, config).await;
    let said = text(&planned.diagnostics);
    assert!(said.contains(&format!("{rule} has not asked")), "{said}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_somebody_changed_is_given_again() {
    for (attribute, changed, wanted) in [
        (
            "accepted_connections",
            ConnectionState::Rejected,
            ConnectionState::Available,
        ),
        (
            "rejected_connections",
            ConnectionState::Available,
            ConnectionState::Rejected,
        ),
    ] {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let service = harness.resource(NAME);
        let state = asked(&memory, &harness, full()).await;
        let config = with(attribute, json!([CONNECTION]));
        let state = service.update(&state, config.clone()).await;
        assert_eq!(standing(&memory), wanted);
        stand(&memory, changed);
        let found = service.read(&state).await.unwrap();
        assert_eq!(found["connections"][0]["state"], changed.as_str());
        let state = service.update(&found, config.clone()).await;
        assert_eq!(standing(&memory), wanted, "{attribute}");
        service.settled(&state, config).await;
    }
}

#[tokio::test]
async fn a_connection_that_came_to_an_end_is_not_answered() {
    for state in [
        ConnectionState::Closed,
        ConnectionState::Expired,
        ConnectionState::Failed,
        ConnectionState::Deleting,
    ] {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let service = harness.resource(NAME);
        let found = asked(&memory, &harness, accepting()).await;
        stand(&memory, state);
        let found = service.read(&found).await.unwrap();
        let planned = service.plan(&found, accepting()).await;
        assert_eq!(planned.action, Action::NoOp, "{state}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_fails_or_is_lost_is_given_by_the_next_apply() {
    for lost in [false, true] {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let service = harness.resource(NAME);
        let state = asked(&memory, &harness, full()).await;
        if lost {
            memory.lose_answer("private_services.answer", 1, outage());
        } else {
            memory.fail("private_services.answer", 1, outage());
        }
        let failed = service.try_update(&state, accepting()).await.unwrap_err();
        let said = text(&failed.diagnostics);
        assert!(said.contains("503"), "{said}");
        let state = service.update(&failed.state.unwrap(), accepting()).await;
        assert_eq!(standing(&memory), ConnectionState::Available);
        service.settled(&state, accepting()).await;
    }
}

/// Who went away between the look and the answer needs none.
#[tokio::test]
async fn who_is_gone_meanwhile_is_not_waited_for() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = asked(&memory, &harness, full()).await;
    let gone = clouds::Call::new("test", CONNECTION);
    memory.fail(
        "private_services.answer",
        1,
        Error::NotFound(Box::new(gone)),
    );
    stand(&memory, ConnectionState::Deleting);
    let planned = service.plan(&state, accepting()).await;
    let state = service.apply(&planned, accepting()).await;
    assert_eq!(state["connections"][0]["state"], "deleting");
    assert_eq!(memory.pending_failures(), ["private_services.answer"]);
}

#[tokio::test]
async fn a_service_that_somebody_uses_is_not_destroyed() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = asked(&memory, &harness, full()).await;
    for number in 2..=6 {
        ask(&memory, &format!("vpce-0fff000{number}"));
    }
    let failed = service.try_delete(state.clone()).await.unwrap_err();
    let said = text(&failed.diagnostics);
    for part in [
        "private service acme-api is in use",
        "6 endpoints are connected",
        "vpce-0fff0001 of 111122223333",
        "vpce-0fff0005 of 111122223333, …",
        "`force_destroy = true`",
    ] {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    assert_eq!(standing(&memory), ConnectionState::PendingAcceptance);

    let forced = with("force_destroy", true);
    let state = service.update(&failed.state.unwrap(), forced).await;
    service.delete(state).await;
    assert!(memory.change(|world| world.private_services.is_empty()));
}

#[tokio::test]
async fn connections_that_came_to_an_end_hold_nothing() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let state = asked(&memory, &harness, full()).await;
    stand(&memory, ConnectionState::Rejected);
    harness.resource(NAME).delete(state).await;
}

/// Somebody may ask between the look and the deletion.
#[tokio::test(start_paused = true)]
async fn a_deletion_looks_again_when_the_cloud_says_that_it_is_used() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    let used = clouds::Call::new("test", NAME).because("somebody has asked");
    memory.fail(
        "private_services.delete",
        1,
        Error::NotEmpty(Box::new(used)),
    );
    service.delete(state).await;
    assert!(memory.change(|world| world.private_services.is_empty()));
}

/// What the cloud says of one that takes no answer holds nobody else up.
#[tokio::test(start_paused = true)]
async fn one_that_takes_no_answer_does_not_hold_the_others_up() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = asked(&memory, &harness, full()).await;
    let other = "vpce-0fff0002";
    ask(&memory, other);
    let call = clouds::Call::new("test", CONNECTION).because("it has failed");
    memory.fail("private_services.answer", 1, Error::Invalid(Box::new(call)));
    let config = with("accepted_connections", json!([CONNECTION, other]));
    let state = service.update(&state, config.clone()).await;
    let said = text(&state.warnings);
    assert!(
        said.contains("vpce-0fff0001 could not be answered"),
        "{said}"
    );
    assert!(said.contains("it has failed"), "{said}");
    assert_eq!(state["connections"][0]["state"], "pending_acceptance");
    assert_eq!(state["connections"][1]["state"], "available");
    // The next apply tries again.
    let planned = service.plan(&state, config.clone()).await;
    assert_eq!(planned.action, Action::Update);
    let state = service.apply(&planned, config.clone()).await;
    service.settled(&state, config).await;
}

/// A change that is under way ends; a state that never takes an answer is not waited out for the whole time.
#[tokio::test(start_paused = true)]
async fn a_state_that_takes_no_answer_is_not_waited_out() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = asked(&memory, &harness, full()).await;
    for nth in 1..=100 {
        let call = clouds::Call::new("test", CONNECTION).because("InvalidState");
        memory.fail(
            "private_services.answer",
            nth,
            Error::Conflict(Box::new(call)),
        );
    }
    let began = tokio::time::Instant::now();
    let state = service.update(&state, accepting()).await;
    let waited = began.elapsed().as_secs();
    assert!((30..40).contains(&waited), "{waited}");
    let said = text(&state.warnings);
    assert!(said.contains("InvalidState"), "{said}");
}

/// The way of one that was let in is its consumer's, and holds nothing else up for long.
#[tokio::test(start_paused = true)]
async fn one_that_stays_pending_does_not_hold_up_what_comes_after() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = asked(&memory, &harness, full()).await;
    stand(&memory, ConnectionState::Pending);
    let mut config = accepting();
    config["tags"] = json!({ "env": "test" });
    let began = tokio::time::Instant::now();
    let state = service.update(&state, config.clone()).await;
    assert_eq!(began.elapsed().as_secs(), 120);
    assert_eq!(state["connections"][0]["state"], "pending");
    assert_eq!(state["tags_all"]["env"], "test");
    let said = text(&state.warnings);
    assert!(
        said.contains("vpce-0fff0001 is not connected yet"),
        "{said}"
    );
    service.settled(&state, config).await;
}

/// The look right after a deletion is one like all others.
#[tokio::test(start_paused = true)]
async fn a_hiccup_after_the_deletion_does_not_end_it() {
    for error in [throttled(), crate::testing::not_ready()] {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let service = harness.resource(NAME);
        let state = service.create(full()).await;
        memory.fail("private_services.get", 2, error);
        service.delete(state).await;
        assert!(memory.change(|world| world.private_services.is_empty()));
        assert_eq!(memory.pending_failures(), [""; 0]);
    }
}

fn throttled() -> Error {
    Error::Throttled(Box::new(clouds::Call::new("test", NAME)))
}
