//! Bad input, and input that only the apply tells.

use super::*;

#[tokio::test]
async fn bad_input_is_refused_where_it_stands() {
    let harness = over(&Memory::default()).await;
    let endpoint = harness.resource(NAME);
    let cases: [(&str, Json, &str, &[&str]); 8] = [
        (
            "service_name",
            json!("sts"),
            "service_name",
            &["com.amazonaws."],
        ),
        ("type", json!("Gateway"), "type", &["interface or gateway"]),
        ("network", json!("main"), "network", &["vpc-"]),
        (
            "security_groups",
            json!(["default"]),
            "security_groups",
            &["sg-"],
        ),
        (
            "security_groups",
            json!([]),
            "security_groups",
            &["no endpoint is without a group", "leave the argument out"],
        ),
        (
            "address",
            json!("10.0.0"),
            "address",
            &["invalid IP address"],
        ),
        (
            "request_message",
            json!("x".repeat(141)),
            "request_message",
            &["141 characters", "1 to 140"],
        ),
        ("policy", json!("[]"), "policy", &["policy document"]),
    ];
    for (attribute, value, at, parts) in cases {
        refuses(&endpoint, with(full(), attribute, value), at, parts).await;
    }
}

#[tokio::test]
async fn what_the_cloud_does_not_take_is_said_at_its_argument() {
    let mut config = full();
    config["route_tables"] = json!(["rtb-0abc0001"]);
    config["address"] = "10.0.0.7".into();
    config["sub_resources"] = json!(["blob"]);
    config["request_message"] = "Hello.".into();
    let fields = [
        ("name", "name"),
        ("service", "service_name"),
        ("network", "network"),
        ("subnets", "subnets"),
        ("route_tables", "route_tables"),
        ("security_groups", "security_groups"),
        ("address", "address"),
        ("sub_resources", "sub_resources"),
        ("request_message", "request_message"),
    ];
    refuses_at_plan(NAME, "private_endpoints.check", config, &fields).await;
}

#[tokio::test]
async fn a_service_of_the_same_apply_is_planned() {
    let harness = over(&Memory::default()).await;
    let endpoint = harness.resource(NAME);
    let planned = endpoint
        .plan_create(with(full(), "service_name", UNKNOWN))
        .await;
    assert_eq!(planned.values["private_dns"], UNKNOWN);
    assert_eq!(planned.values["policy"], UNKNOWN);
    assert_eq!(planned.values["type"], "interface");
    let state = endpoint.apply(&planned, full()).await;
    endpoint.settled(&state, full()).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_nobody_offers_is_said_before_anything_is_made() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let endpoint = harness.resource(NAME);
    let failed = endpoint.try_create(vendor()).await.unwrap_err();
    crate::testing::says_first(
        &failed.diagnostics,
        "service_name",
        &[
            "private endpoint vendor has no service",
            "allowed_principals",
        ],
    );
    assert_eq!(calls(&memory, "private_endpoints.create"), 0);
}

/// Its owner may have let us in a moment ago.
#[tokio::test(start_paused = true)]
async fn a_service_that_is_seen_a_moment_later_is_found() {
    let memory = Memory::default();
    let missing = clouds::Error::NotFound(Box::new(clouds::Call::new("test", VENDOR)));
    memory.fail("private_endpoints.service", 1, missing);
    let harness = over(&memory).await;
    harness.resource(NAME).create(full()).await;
    assert_eq!(calls(&memory, "private_endpoints.service"), 2);
}

#[tokio::test]
async fn a_name_that_its_owner_has_not_proved_is_said_before_anything_is_made() {
    for proof in [VerificationState::Pending, VerificationState::Failed] {
        let memory = offered();
        memory.change(|world| {
            for offer in world.offers.values_mut() {
                offer.private_dns = Some(proof);
            }
        });
        let harness = over(&memory).await;
        let endpoint = harness.resource(NAME);
        let failed = endpoint.try_create(vendor()).await.unwrap_err();
        crate::testing::says_first(
            &failed.diagnostics,
            "private_dns",
            &["has not proved", "private_dns = false"],
        );
        assert_eq!(calls(&memory, "private_endpoints.create"), 0);
    }
}

/// What the call refers to may be a moment old, or a slip of the pen: that is not waited for as long as an owner.
#[tokio::test(start_paused = true)]
async fn what_a_create_refers_to_is_waited_for_a_minute() {
    let memory = Memory::default();
    for nth in 1..=100 {
        memory.fail("private_endpoints.create", nth, crate::testing::not_ready());
    }
    let harness = over(&memory).await;
    let began = tokio::time::Instant::now();
    let said = refused(&harness.resource(NAME), full()).await;
    // The last look is up to six seconds later.
    let waited = began.elapsed().as_secs();
    assert!((60..=67).contains(&waited), "{waited}");
    assert!(said.contains("after a minute"), "{said}");
    assert!(said.contains("not there yet"), "{said}");
}
