//! What others change about a role.

use super::*;

#[tokio::test(start_paused = true)]
async fn every_drift_is_shown_and_mended() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let role = harness.resource(NAME);
    let state = role.create(admin()).await;
    let drifts: [Drift; 7] = [
        ("unexpected_policies", |found| {
            found.foreign_policies.insert(ForeignPolicy::Attached(
                "arn:aws:iam::aws:policy/AdministratorAccess".into(),
            ));
        }),
        ("policy", |found| found.policy = None),
        ("policy", |found| {
            found.policy = Some(PolicyDocument::new(
                json!({ "Statement": [{ "Effect": "Allow" }] }),
            ));
        }),
        ("trust_policy", |found| {
            found.trust = None;
            found.trust_policy = PolicyDocument::new(json!({ "Statement": [] }));
        }),
        ("subjects", |found| found.subjects.clear()),
        ("permissions_boundary", |found| {
            found.permissions_boundary = None;
        }),
        ("max_session_duration", |found| {
            found.max_session = SessionDuration::try_from(Duration::from_hours(12)).ok();
        }),
    ];
    for (attribute, drift) in drifts {
        memory.change(|world| world.roles.values_mut().for_each(drift));
        let found = role.read(&state).await.unwrap();
        assert_ne!(found[attribute], state[attribute], "{attribute}");
        let planned = role.plan(&found, admin()).await;
        assert_eq!(planned.action, Action::Update, "{attribute}");
        let mended = role.apply(&planned, admin()).await;
        assert_eq!(mended.values, state.values, "{attribute}");
        role.settled(&mended, admin()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_deleted_role_leaves_behind_is_told() {
    for (direct, told) in [(false, false), (true, true)] {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let role = harness.resource(NAME);
        let trust = json!({ "gke": { "pool": "acme-prod.svc.id.goog", "direct": direct } });
        let state = role.create(change(user(), "trust", trust)).await;
        let (found, said) = role.try_refresh(&state).await.unwrap();
        assert!(found.is_some() && said.is_empty(), "{said:?}");
        memory.change(|world| world.roles.clear());
        let (found, said) = role.try_refresh(&state).await.unwrap();
        assert!(found.is_none());
        let said = crate::testing::text(&said);
        let whole = [
            "userflyterole is gone",
            "the rights of its pods",
            "-refresh=false",
        ];
        assert_eq!(whole.iter().all(|part| said.contains(part)), told, "{said}");
        assert_eq!(said.is_empty(), !told, "{said}");
    }
}
