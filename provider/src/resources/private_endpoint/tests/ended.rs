//! Connections that were rejected, or have come to an end.

use super::*;

/// An endpoint that works, and then does not.
async fn ended(memory: &Memory, state: ConnectionState, config: Json) -> State {
    let harness = over(memory).await;
    let endpoint = harness.resource(NAME);
    let made = endpoint
        .create(with(config, "wait_for_acceptance", false))
        .await;
    stand(memory, state);
    endpoint.read(&made).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_rejected_one_is_drift_with_a_remedy_and_goes_on_once_accepted() {
    let memory = offered();
    let found = ended(&memory, ConnectionState::Rejected, vendor()).await;
    assert_eq!(found["state"], "rejected");
    let remedy = found["remedy"].as_str().unwrap();
    assert!(remedy.contains("rejected vpce-"), "{remedy}");
    assert!(remedy.contains("agree with them"), "{remedy}");

    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let planned = endpoint.plan(&found, vendor()).await;
    assert_eq!(planned.action, Action::Update);
    assert_eq!(planned.values["state"], UNKNOWN);
    let said = text(&planned.diagnostics);
    assert!(
        said.contains("private endpoint vendor is rejected"),
        "{said}"
    );
    let still = endpoint.apply(&planned, vendor()).await;
    assert_eq!(still["state"], "rejected");

    stand(&memory, ConnectionState::Available);
    let found = endpoint.read(&still).await.unwrap();
    let state = endpoint.update(&found, vendor()).await;
    assert_eq!(state["id"], found["id"]);
    assert_eq!(state["private_dns_active"], true);
    endpoint.settled(&state, vendor()).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_ended_is_made_anew() {
    for (state, word) in [
        (ConnectionState::Closed, "is gone"),
        (ConnectionState::Expired, "Nobody accepted"),
        (ConnectionState::Failed, "could not make"),
    ] {
        let memory = offered();
        let found = ended(&memory, state, vendor()).await;
        let remedy = found["remedy"].as_str().unwrap();
        assert!(remedy.contains(word), "{remedy}");
        assert!(remedy.contains("the next apply"), "{remedy}");

        let harness = over(&memory).await;
        let endpoint = harness.resource(NAME);
        let planned = endpoint.plan(&found, vendor()).await;
        assert_eq!(
            (planned.action, &planned.replace_paths[..]),
            (Action::Replace, &[path!("state")][..]),
            "{state}"
        );
        let brief = with(vendor(), "timeouts", json!({ "create": "1s" }));
        let anew = endpoint.update(&found, brief).await;
        assert_ne!(anew["connection_id"], found["connection_id"], "{state}");
        assert_eq!(memory.change(|world| left(world)), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_ended_is_kept_where_that_is_asked() {
    let memory = offered();
    let kept = with(vendor(), "recreate_closed", false);
    let found = ended(&memory, ConnectionState::Expired, kept.clone()).await;
    let remedy = found["remedy"].as_str().unwrap();
    assert!(remedy.contains("`recreate_closed = true`"), "{remedy}");

    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let planned = endpoint.plan(&found, kept.clone()).await;
    assert_eq!(planned.action, Action::Update);
    let state = endpoint.apply(&planned, kept.clone()).await;
    assert_eq!(
        (&state["id"], &state["state"]),
        (&found["id"], &json!("expired"))
    );
    let unwaiting = with(kept, "wait_for_acceptance", false);
    let state = endpoint.update(&state, unwaiting.clone()).await;
    endpoint.settled(&state, unwaiting).await;
}

/// What can be said of one that is going away is said, and nothing done.
#[tokio::test]
async fn one_that_somebody_deletes_is_left_alone() {
    let memory = offered();
    let found = ended(&memory, ConnectionState::Deleting, vendor()).await;
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let config = with(vendor(), "wait_for_acceptance", false);
    let planned = endpoint.plan(&found, config).await;
    assert_eq!(planned.action, Action::NoOp);
}

/// The words are the same at each read: a refresh is no change.
#[tokio::test]
async fn remedies_name_who_has_to_do_what() {
    for state in ConnectionState::ALL {
        let memory = offered();
        let found = ended(&memory, state, vendor()).await;
        let harness = over(&memory).await;
        let again = harness.resource(NAME).read(&found).await.unwrap();
        assert_eq!(again.values, found.values, "{state}");
        let remedy = found["remedy"].as_str();
        assert_eq!(
            remedy.is_none(),
            state == ConnectionState::Available,
            "{state}"
        );
    }
}

#[tokio::test]
async fn the_reason_of_the_cloud_is_told() {
    let memory = offered();
    let found = ended(&memory, ConnectionState::Partial, vendor()).await;
    stored(&memory, |endpoint| {
        endpoint.reason = Some("zone euw1-az1 is out.".to_owned());
    });
    let harness = over(&memory).await;
    let found = harness.resource(NAME).read(&found).await.unwrap();
    let remedy = found["remedy"].as_str().unwrap();
    assert!(
        remedy.contains("does not work (zone euw1-az1 is out):"),
        "{remedy}"
    );
}

/// The cloud changes nothing about it, and the state says so by the next read only.
#[tokio::test(start_paused = true)]
async fn settings_that_a_rejected_one_does_not_take_are_told() {
    let memory = offered();
    let found = ended(&memory, ConnectionState::Rejected, vendor()).await;
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let moved = with(vendor(), "subnets", json!(["subnet-0abc0009"]));
    let state = endpoint.update(&found, moved.clone()).await;
    let said = text(&state.warnings);
    assert!(
        said.contains("private endpoint vendor takes no changes"),
        "{said}"
    );
    assert!(
        said.contains("It is rejected, so that subnets stayed"),
        "{said}"
    );
    assert_eq!(calls(&memory, "private_endpoints.configure"), 0);
    let found = endpoint.read(&state).await.unwrap();
    assert_eq!(found["subnets"], json!(["subnet-0abc0001"]));
    stand(&memory, ConnectionState::Available);
    let state = endpoint.update(&found, moved.clone()).await;
    endpoint.settled(&state, moved).await;
}
