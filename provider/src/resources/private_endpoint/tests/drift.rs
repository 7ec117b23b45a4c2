//! What others change about an endpoint that works.

use super::*;

/// An attribute, and how somebody changes it behind our back.
type Drift = (&'static str, fn(&mut Found));

#[tokio::test(start_paused = true)]
async fn every_drift_is_shown_and_mended() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    let drifts: [Drift; 6] = [
        ("subnets", |found| {
            found.settings.subnets.pop_first();
        }),
        ("security_groups", |found| {
            found.settings.security_groups = ["sg-0abc0009".parse().unwrap()].into();
        }),
        ("policy", |found| {
            found.settings.policy = r#"{"Statement":[]}"#.parse().ok();
        }),
        ("private_dns_active", |found| {
            found.settings.private_dns = false;
            found.private_dns_active = false;
        }),
        ("global_access", |found| found.settings.global_access = true),
        ("tags", |found| {
            found.tags.insert("env".to_owned(), "test".to_owned());
        }),
    ];
    for (attribute, drift) in drifts {
        stored(&memory, drift);
        let found = endpoint.read(&state).await.unwrap();
        assert_ne!(found[attribute], state[attribute], "{attribute}");
        let mended = endpoint.update(&found, full()).await;
        assert_eq!(mended.values, state.values, "{attribute}");
        endpoint.settled(&mended, full()).await;
    }
}

/// The cloud gives one where nobody says which, and whatever it is, it is not ours to change.
#[tokio::test(start_paused = true)]
async fn security_groups_that_nobody_wrote_are_left_alone() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let mut config = full();
    config.as_object_mut().unwrap().remove("security_groups");
    let state = endpoint.create(config.clone()).await;
    assert_eq!(state["security_groups"], json!(null));
    stored(&memory, |found| {
        found.settings.security_groups = ["sg-0abc0009".parse().unwrap()].into();
    });
    let found = endpoint.read(&state).await.unwrap();
    assert_eq!(found["security_groups"], json!(["sg-0abc0009"]));
    endpoint.settled(&found, config.clone()).await;
    let tagged = with(config, "tags", json!({ "env": "test" }));
    let state = endpoint.update(&found, tagged.clone()).await;
    assert_eq!(state["security_groups"], json!(["sg-0abc0009"]));
    endpoint.settled(&state, tagged).await;
}

/// Where the cloud takes one kind of change at a time, and settles after each.
#[tokio::test(start_paused = true)]
async fn changes_are_made_until_none_is_left() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    memory.fail(
        "private_endpoints.configure",
        1,
        crate::testing::not_ready(),
    );
    memory.change(|world| {
        for stored in world.private_endpoints.values_mut() {
            stored.settle_after = 2;
        }
    });
    let other = with(full(), "subnets", json!(["subnet-0abc0003"]));
    let state = endpoint.update(&state, other.clone()).await;
    assert_eq!(calls(&memory, "private_endpoints.configure"), 2);
    assert_eq!(state["addresses"], json!(["10.0.0.10"]));
    endpoint.settled(&state, other).await;
}

#[tokio::test]
async fn a_plan_leaves_open_only_what_the_apply_tells() {
    let harness = over(&Memory::default()).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    let planned = endpoint.plan(&state, with(full(), "tags", json!({}))).await;
    assert!(
        !planned.values.to_string().contains(UNKNOWN),
        "{}",
        planned.values
    );
    let other = with(full(), "subnets", json!(["subnet-0abc0003"]));
    let planned = endpoint.plan(&state, other).await;
    assert_eq!(planned.values["addresses"], UNKNOWN);
    assert_eq!(planned.values["state"], "available");
    assert_eq!(planned.values["id"], state["id"]);
}

#[tokio::test(start_paused = true)]
async fn its_deletion_is_waited_for() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    let before = calls(&memory, "private_endpoints.get");
    memory.fail("private_endpoints.delete", 1, crate::testing::not_ready());
    memory.fail("private_endpoints.get", 1, crate::testing::not_ready());
    endpoint.delete(state).await;
    assert_eq!(calls(&memory, "private_endpoints.get"), before + 2);
    assert_eq!(memory.change(|world| left(world)), 0);
}

/// AWS's backend sets this tag by itself, and tells of it only where it says something else.
#[tokio::test]
async fn a_tag_that_says_the_name_is_no_difference() {
    let memory = Memory::default();
    let clouds = clouds::Clouds {
        account: crate::testing::aws().account,
        ..memory.clouds()
    };
    let harness = crate::testing::of_clouds("acme-prod", clouds).await;
    let endpoint = harness.resource(NAME);
    let config = with(full(), "tags", json!({ "Name": "sts" }));
    let state = endpoint.create(config.clone()).await;
    stored(&memory, |found| {
        assert!(found.tags.remove("Name").is_some());
    });
    endpoint.settled(&state, config.clone()).await;
    stored(&memory, |found| {
        found.tags.insert("Name".to_owned(), "other".to_owned());
    });
    let found = endpoint.read(&state).await.unwrap();
    assert_eq!(found["tags"]["Name"], "other");
    let mended = endpoint.update(&found, config.clone()).await;
    endpoint.settled(&mended, config).await;
}

/// Somebody else made it, in a cloud that does not tell all: that is written into the state, and nothing is made anew for it.
#[tokio::test]
async fn what_the_cloud_does_not_tell_is_taken_from_the_configuration() {
    let memory = Memory::default();
    memory.change(|world| world.lasting = &["private_dns", "subnets"]);
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let config = with(full(), "private_dns", false);
    let state = endpoint.create(config.clone()).await;
    stored(&memory, |found| {
        found.untold = &["private_dns", "subnets"];
        found.settings.private_dns = true;
        found.settings.subnets.clear();
        found.private_dns_active = true;
    });
    endpoint.settled(&state, config.clone()).await;
    let imported = endpoint.import(state["id"].as_str().unwrap()).await;
    assert_eq!(
        (&imported["subnets"], &imported["private_dns"]),
        (&Json::Null, &Json::Null)
    );
    let planned = endpoint.plan(&imported, config.clone()).await;
    assert_eq!(planned.action, Action::Update);
    let state = endpoint.apply(&planned, config.clone()).await;
    assert_eq!(state["private_dns_active"], false);
    assert_eq!(calls(&memory, "private_endpoints.configure"), 0);
    endpoint.settled(&state, config.clone()).await;
    // Once it is known, another one is another endpoint.
    let elsewhere = with(config, "subnets", json!(["subnet-0abc0009"]));
    assert_eq!(
        endpoint.plan(&state, elsewhere).await.action,
        Action::Replace
    );
}

/// The cloud reads its default back in its own form.
#[tokio::test]
async fn a_policy_that_is_the_default_may_be_written_in_another_form() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    let written = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let config = with(full(), "policy", written);
    let state = endpoint.update(&state, config.clone()).await;
    assert_eq!(calls(&memory, "private_endpoints.configure"), 0);
    endpoint.settled(&state, config).await;
}
