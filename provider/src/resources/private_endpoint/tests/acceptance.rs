//! The owner of the service lets in, or does not.

use std::time::Duration;

use super::*;

/// An endpoint that waits, and nobody comes.
async fn waiting(memory: &Memory) -> State {
    let harness = over(memory).await;
    let config = with(vendor(), "timeouts", json!({ "create": "3s" }));
    harness.resource(NAME).create(config).await
}

/// The clock goes on while nothing else does, so that the owner acts in the middle of an apply.
async fn after(seconds: u64, act: impl FnOnce()) {
    tokio::time::sleep_until(tokio::time::Instant::now() + Duration::from_secs(seconds)).await;
    act();
}

#[tokio::test(start_paused = true)]
async fn the_same_apply_goes_on_when_its_owner_accepts() {
    let memory = offered();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let accept = after(60, || stand(&memory, ConnectionState::Available));
    let (state, ()) = tokio::join!(endpoint.create(vendor()), accept);
    assert_eq!(state["state"], "available");
    assert_eq!(state["private_dns_active"], true);
    assert_eq!(state["remedy"], json!(null));
    assert_eq!(calls(&memory, "private_endpoints.create"), 1);
    endpoint.settled(&state, vendor()).await;
}

#[tokio::test(start_paused = true)]
async fn acceptance_that_never_comes_is_no_error() {
    let memory = offered();
    let began = tokio::time::Instant::now();
    let state = waiting(&memory).await;
    assert_eq!(began.elapsed().as_secs(), 3);
    assert!(!state.tainted);
    assert_eq!(state["state"], "pending_acceptance");
    assert_eq!(state["private_dns"], true);
    assert_eq!(state["private_dns_active"], false);
    let remedy = state["remedy"].as_str().unwrap();
    assert!(remedy.contains("accepted_connections"), "{remedy}");
    assert!(remedy.contains(state["id"].as_str().unwrap()), "{remedy}");
    stored(&memory, |endpoint| {
        assert!(!endpoint.tags.contains_key(clouds::tags::CREATING));
    });
}

#[tokio::test(start_paused = true)]
async fn the_next_apply_goes_on_with_the_same_request() {
    let memory = offered();
    let state = waiting(&memory).await;
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let config = with(
        vendor(),
        "timeouts",
        json!({ "create": "3s", "update": "5s" }),
    );
    for _ in 0..2 {
        let found = endpoint.read(&state).await.unwrap();
        assert_eq!(found["remedy"], state["remedy"]);
        let planned = endpoint.plan(&found, config.clone()).await;
        assert_eq!(planned.action, Action::Update);
        assert_eq!(planned.values["state"], UNKNOWN);
        let said = text(&planned.diagnostics);
        assert!(
            said.contains("private endpoint vendor waits to be accepted"),
            "{said}"
        );
        let again = endpoint.apply(&planned, config.clone()).await;
        assert_eq!(again["state"], "pending_acceptance");
        assert_eq!(again["id"], state["id"]);
    }
    let found = endpoint.read(&state).await.unwrap();
    let accept = after(2, || stand(&memory, ConnectionState::Available));
    let (state, ()) = tokio::join!(endpoint.update(&found, config.clone()), accept);
    assert_eq!(state["private_dns_active"], true);
    endpoint.settled(&state, config).await;
    assert_eq!(calls(&memory, "private_endpoints.create"), 1);
}

/// Nobody waits, and the names come by the first apply after the owner has let it in.
#[tokio::test(start_paused = true)]
async fn accepted_between_two_plans_its_private_dns_is_a_later_step() {
    for waits in [false, true] {
        let memory = offered();
        let harness = over(&memory).await;
        let endpoint = harness.resource(NAME);
        let config = with(vendor(), "wait_for_acceptance", waits);
        let brief = with(config.clone(), "timeouts", json!({ "create": "1s" }));
        let began = tokio::time::Instant::now();
        let state = endpoint.create(brief).await;
        assert_eq!(began.elapsed().as_secs(), u64::from(waits));
        if !waits {
            let state = endpoint.update(&state, config.clone()).await;
            endpoint.settled(&state, config.clone()).await;
        }
        stand(&memory, ConnectionState::Available);
        let found = endpoint.read(&state).await.unwrap();
        assert_eq!(found["state"], "available");
        assert_eq!(found["private_dns_active"], false);
        let planned = endpoint.plan(&found, config.clone()).await;
        assert_eq!(planned.action, Action::Update);
        assert_eq!(planned.values["state"], "available");
        let said = text(&planned.diagnostics);
        assert!(said.contains("switched on by this apply"), "{said}");
        let state = endpoint.apply(&planned, config.clone()).await;
        assert_eq!(state["private_dns_active"], true);
        endpoint.settled(&state, config).await;
    }
}

/// A tainted endpoint would be replaced, and its owner asked anew.
#[tokio::test(start_paused = true)]
async fn an_interrupt_keeps_what_waits() {
    let memory = offered();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let began = tokio::time::Instant::now();
    let interrupt = async {
        after(30, || ()).await;
        harness.stop().await;
    };
    let (state, ()) = tokio::join!(endpoint.create(vendor()), interrupt);
    assert_eq!(began.elapsed().as_secs(), 30);
    assert_eq!(state["state"], "pending_acceptance");

    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    stand(&memory, ConnectionState::Available);
    let found = endpoint.read(&state).await.unwrap();
    let state = endpoint.update(&found, vendor()).await;
    assert_eq!(state["private_dns_active"], true);
    endpoint.settled(&state, vendor()).await;
    assert_eq!(calls(&memory, "private_endpoints.create"), 1);
}

/// Terraform was killed: the state has nothing, and the marks tell whose it is.
#[tokio::test(start_paused = true)]
async fn one_that_nobody_waited_for_to_the_end_is_continued() {
    let memory = offered();
    memory.lose_answer("private_endpoints.create", 1, outage());
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let failed = endpoint.try_create(vendor()).await.unwrap_err();
    assert!(failed.state.is_none());
    stand(&memory, ConnectionState::Available);
    let state = endpoint.create(vendor()).await;
    assert_eq!(state["private_dns_active"], true);
    assert_eq!(memory.change(|world| left(world)), 1);
    endpoint.settled(&state, vendor()).await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_while_its_owner_is_waited_for_is_waited_out() {
    let memory = offered();
    for nth in [1, 2, 4] {
        memory.fail("private_endpoints.get", nth, outage());
    }
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let accept = after(60, || stand(&memory, ConnectionState::Available));
    let (state, ()) = tokio::join!(endpoint.create(vendor()), accept);
    assert_eq!(state["state"], "available");
    assert_eq!(memory.pending_failures(), [""; 0]);
}

/// What has to be done after the wait has its own time.
#[tokio::test(start_paused = true)]
async fn acceptance_at_the_last_moment_is_enough() {
    let memory = offered();
    for nth in 1..=8 {
        let not_ready = crate::testing::not_ready();
        memory.fail("private_endpoints.configure", nth, not_ready);
    }
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let config = with(vendor(), "timeouts", json!({ "create": "60s" }));
    let began = tokio::time::Instant::now();
    let accept = after(53, || stand(&memory, ConnectionState::Available));
    let (state, ()) = tokio::join!(endpoint.create(config.clone()), accept);
    assert!(began.elapsed().as_secs() > 65);
    assert_eq!(state["private_dns_active"], true);
    endpoint.settled(&state, config).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_is_imported_while_it_waits_goes_on_waiting() {
    let memory = offered();
    let state = waiting(&memory).await;
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let imported = endpoint.import(state["id"].as_str().unwrap()).await;
    assert_eq!(imported["state"], "pending_acceptance");
    stand(&memory, ConnectionState::Available);
    let found = endpoint.read(&imported).await.unwrap();
    let state = endpoint.update(&found, vendor()).await;
    assert_eq!(state["id"], imported["id"]);
    assert_eq!(state["private_dns_active"], true);
    endpoint.settled(&state, vendor()).await;
}

/// A step that the cloud refuses for good.
fn refusal() -> clouds::Error {
    let call = clouds::Call::new("test", "vendor").because("a conflicting DNS domain");
    clouds::Error::Invalid(Box::new(call))
}

/// Its owner is not asked anew because something else went wrong after that.
#[tokio::test(start_paused = true)]
async fn what_fails_after_the_wait_does_not_cost_the_connection() {
    let memory = offered();
    memory.fail("private_endpoints.configure", 1, refusal());
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let accept = after(60, || stand(&memory, ConnectionState::Available));
    let (state, ()) = tokio::join!(endpoint.create(vendor()), accept);
    assert!(!state.tainted);
    assert_eq!(state["state"], "available");
    assert_eq!(state["private_dns_active"], false);
    let said = text(&state.warnings);
    assert!(
        said.contains("private endpoint vendor is not finished"),
        "{said}"
    );
    assert!(
        said.contains("a conflicting DNS domain. Nothing is made anew"),
        "{said}"
    );
    let found = endpoint.read(&state).await.unwrap();
    let planned = endpoint.plan(&found, vendor()).await;
    assert_eq!(planned.action, Action::Update);
    // An update taints nothing, so that there it is an error.
    memory.fail("private_endpoints.configure", 1, refusal());
    let failed = endpoint.try_apply(&planned, vendor()).await.unwrap_err();
    assert!(text(&failed.diagnostics).contains("conflicting DNS domain"));
    let state = endpoint.apply(&planned, vendor()).await;
    assert_eq!(state["private_dns_active"], true);
    endpoint.settled(&state, vendor()).await;
}

/// The credentials of whoever waits may end before the owner comes.
#[tokio::test(start_paused = true)]
async fn a_wait_that_cannot_look_any_more_keeps_what_waits() {
    let memory = offered();
    memory.fail("private_endpoints.get", 3, refusal());
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(vendor()).await;
    assert!(!state.tainted);
    assert_eq!(state["state"], "pending_acceptance");
    stand(&memory, ConnectionState::Available);
    let found = endpoint.read(&state).await.unwrap();
    let state = endpoint.update(&found, vendor()).await;
    endpoint.settled(&state, vendor()).await;
    assert_eq!(calls(&memory, "private_endpoints.create"), 1);
}

/// Then only whoever runs Terraform can keep it.
#[tokio::test(start_paused = true)]
async fn one_that_cannot_even_be_tagged_is_an_error_that_says_how_to_keep_it() {
    let memory = offered();
    memory.fail("private_endpoints.get", 3, refusal());
    memory.fail("private_endpoints.set_tags", 1, refusal());
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let failed = endpoint.try_create(vendor()).await.unwrap_err();
    let said = text(&failed.diagnostics);
    assert!(said.contains("`terraform untaint`"), "{said}");
    let kept = failed.state.unwrap();
    let id = kept["id"].as_str().unwrap();
    assert!(said.contains(id), "{said}");
    assert_eq!(calls(&memory, "private_endpoints.create"), 1);
}

/// Somebody deletes what waits: nobody will ever accept it.
#[tokio::test(start_paused = true)]
async fn one_that_is_gone_is_not_waited_for() {
    let long = with(
        vendor(),
        "timeouts",
        json!({ "create": "4h", "update": "4h" }),
    );
    let vanish = |memory: &Memory| memory.change(|world| world.private_endpoints.clear());

    let memory = offered();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let began = tokio::time::Instant::now();
    let gone = after(30, || vanish(&memory));
    let (failed, ()) = tokio::join!(endpoint.try_create(long.clone()), gone);
    let said = text(&failed.unwrap_err().diagnostics);
    let waited = began.elapsed().as_secs();
    assert!((90..100).contains(&waited), "{waited}");
    assert!(said.contains("it is gone"), "{said}");
    assert!(!said.contains("untaint"), "{said}");

    let memory = offered();
    let state = waiting(&memory).await;
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let found = endpoint.read(&state).await.unwrap();
    let gone = after(30, || vanish(&memory));
    let (failed, ()) = tokio::join!(endpoint.try_update(&found, long), gone);
    let said = text(&failed.unwrap_err().diagnostics);
    assert!(said.contains("it is gone"), "{said}");
}

/// An owner's robot is faster than our first look: what fails then costs no connection either.
#[tokio::test(start_paused = true)]
async fn what_fails_in_one_that_was_let_in_at_once_does_not_cost_the_connection() {
    let memory = offered();
    memory.change(|world| world.settle_after = 1);
    memory.fail("private_endpoints.configure", 1, refusal());
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    // It is still being made when its owner says yes.
    let accept = async {
        tokio::time::sleep_until(tokio::time::Instant::now() + Duration::from_millis(100)).await;
        stand(&memory, ConnectionState::Available);
    };
    let (state, ()) = tokio::join!(endpoint.create(vendor()), accept);
    assert!(!state.tainted);
    assert_eq!(state["state"], "available");
    assert_eq!(memory.pending_failures(), [""; 0]);
    let said = text(&state.warnings);
    assert!(said.contains("a conflicting DNS domain"), "{said}");
    let found = endpoint.read(&state).await.unwrap();
    let state = endpoint.update(&found, vendor()).await;
    assert_eq!(state["private_dns_active"], true);
    endpoint.settled(&state, vendor()).await;
    assert_eq!(calls(&memory, "private_endpoints.create"), 1);
}

/// What is said is said once, with what is to be done.
#[tokio::test(start_paused = true)]
async fn one_warning_says_all() {
    let memory = offered();
    memory.fail("private_endpoints.get", 3, refusal());
    let harness = over(&memory).await;
    let state = harness.resource(NAME).create(vendor()).await;
    assert_eq!(state.warnings.len(), 1, "{}", text(&state.warnings));
    let said = text(&state.warnings);
    for part in [
        "is not finished",
        "accepted_connections",
        "a conflicting DNS domain",
    ] {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    assert_eq!(said.matches("Nothing is made anew").count(), 1, "{said}");
}
