//! What others change, and the proof of a private DNS name.

use super::*;

/// An attribute, and how somebody changes it behind our back.
type Drift = (&'static str, fn(&mut Found));

#[tokio::test]
async fn every_drift_is_shown_and_mended() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    let drifts: [Drift; 9] = [
        ("unexpected_principals", |found| {
            found.settings.allowed.insert("*".parse().unwrap());
        }),
        ("unexpected_principals", |found| {
            found.foreign_principals.insert("*".to_owned());
        }),
        ("unexpected_principals", |found| {
            found.foreign_principals.insert("AROAEXAMPLE".to_owned());
        }),
        ("unexpected_load_balancers", |found| {
            let other = OTHER_BALANCER.parse().unwrap();
            found.foreign_load_balancers.insert(other);
        }),
        ("allowed_principals", |found| found.settings.allowed.clear()),
        ("load_balancer", |found| {
            found.settings.load_balancer = OTHER_BALANCER.parse().unwrap();
        }),
        ("auto_accept", |found| found.settings.auto_accept = true),
        ("connection_limit", |found| {
            found.settings.connection_limit = None;
        }),
        ("tags", |found| {
            found.tags.insert("env".to_owned(), "test".to_owned());
        }),
    ];
    for (attribute, drift) in drifts {
        stored(&memory, drift);
        let found = service.read(&state).await.unwrap();
        assert_ne!(found[attribute], state[attribute], "{attribute}");
        let mended = service.update(&found, full()).await;
        assert_eq!(mended.values, state.values, "{attribute}");
        service.settled(&mended, full()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_private_name_is_proved_by_a_later_apply() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let named = with("private_dns_name", "api.example.com");
    let state = service.create(named.clone()).await;
    assert_eq!(
        state["verification"],
        json!({
            "state": "pending",
            "type": "TXT",
            "name": "_memory.api.example.com",
            "value": "vpce:api.example.com",
        })
    );
    assert!(!memory.calls().contains(&"private_services.verify"));

    let planned = service.plan(&state, named.clone()).await;
    assert_eq!(planned.action, Action::Update);
    let said = text(&planned.diagnostics);
    assert!(said.contains("api.example.com is not proved yet"), "{said}");
    let state = service.apply(&planned, named.clone()).await;
    assert_eq!(state["verification"]["state"], "verified");
    service.settled(&state, named).await;

    let other = with("private_dns_name", "other.example.com");
    let state = service.update(&state, other).await;
    assert_eq!(state["verification"]["state"], "pending");
    let state = service.update(&state, full()).await;
    assert_eq!(state["verification"], json!(null));
    service.settled(&state, full()).await;
}

/// The record may be somebody else's to set, who takes longer than an apply.
#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_proves_is_no_error() {
    let memory = Memory::default();
    memory.change(|world| world.proves = VerificationState::Pending);
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let mut named = with("private_dns_name", "api.example.com");
    let state = service.create(named.clone()).await;
    named["timeouts"] = json!({ "update": "1m" });
    let began = tokio::time::Instant::now();
    let state = service.update(&state, named.clone()).await;
    assert!((50..60).contains(&began.elapsed().as_secs()));
    assert_eq!(state["verification"]["state"], "pending");

    memory.change(|world| world.proves = VerificationState::Failed);
    let state = service.update(&state, named.clone()).await;
    assert_eq!(state["verification"]["state"], "failed");
    memory.change(|world| world.proves = VerificationState::Verified);
    let state = service.update(&state, named.clone()).await;
    service.settled(&state, named).await;
}

/// AWS's backend sets this tag by itself, and tells of it only where it says something else.
#[tokio::test]
async fn a_tag_that_says_the_name_is_no_difference() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let config = with("tags", json!({ "Name": "acme-api" }));
    let state = service.create(config.clone()).await;
    stored(&memory, |found| {
        assert!(found.tags.remove("Name").is_some());
    });
    service.settled(&state, config.clone()).await;
    stored(&memory, |found| {
        found.tags.insert("Name".to_owned(), "other".to_owned());
    });
    let found = service.read(&state).await.unwrap();
    assert_eq!(found["tags"]["Name"], "other");
    let mended = service.update(&found, config.clone()).await;
    service.settled(&mended, config).await;
}

/// Which one of them comes first says nothing about whose it is.
#[tokio::test]
async fn the_load_balancer_of_the_configuration_is_never_the_unexpected_one() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    stored(&memory, |found| {
        let other = OTHER_BALANCER.parse().unwrap();
        let ours = std::mem::replace(&mut found.settings.load_balancer, other);
        found.foreign_load_balancers.insert(ours);
    });
    let found = service.read(&state).await.unwrap();
    assert_eq!(found["load_balancer"], state["load_balancer"]);
    assert_eq!(found["unexpected_load_balancers"], json!([OTHER_BALANCER]));
    let mended = service.update(&found, full()).await;
    service.settled(&mended, full()).await;
}

/// Whoever sets the record may take days, and every apply looks.
#[tokio::test(start_paused = true)]
async fn a_proof_is_not_waited_for_as_long_as_the_cloud() {
    let memory = Memory::default();
    memory.change(|world| world.proves = VerificationState::Pending);
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let named = with("private_dns_name", "api.example.com");
    let state = service.create(named.clone()).await;
    let began = tokio::time::Instant::now();
    service.update(&state, named).await;
    assert_eq!(began.elapsed().as_secs(), 115);
}

/// What an earlier look found is still told when the next one begins.
#[tokio::test(start_paused = true)]
async fn a_proof_that_failed_before_is_waited_for() {
    let memory = Memory::default();
    memory.change(|world| world.proves = VerificationState::Failed);
    let harness = over(&memory).await;
    let service = harness.resource(NAME);
    let named = with("private_dns_name", "api.example.com");
    let state = service.create(named.clone()).await;
    let state = service.update(&state, named.clone()).await;
    assert_eq!(state["verification"]["state"], "failed");
    let found = async {
        let then = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
        tokio::time::sleep_until(then).await;
        stored(&memory, |found| {
            let proof = found.verification.as_mut().unwrap();
            proof.state = VerificationState::Verified;
        });
    };
    let (state, ()) = tokio::join!(service.update(&state, named.clone()), found);
    assert_eq!(state["verification"]["state"], "verified");
    service.settled(&state, named).await;
}
