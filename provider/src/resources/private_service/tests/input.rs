//! Bad input, and input that only the apply tells.

use framework::testing::UNKNOWN;

use super::*;

#[tokio::test]
async fn bad_input_is_refused_where_it_stands() {
    let harness = over(&Memory::default()).await;
    let service = harness.resource(NAME);
    let mut both = with("accepted_connections", json!([CONNECTION]));
    both["rejected_connections"] = json!([CONNECTION]);
    let mut everybody = with("auto_accept", true);
    everybody["allowed_principals"] = json!([VENDOR, "*"]);
    let cases: [(Json, &str, &[&str]); 8] = [
        (
            both,
            "rejected_connections",
            &["vpce-0fff0001 is both accepted and rejected: leave it in one"],
        ),
        (
            everybody,
            "auto_accept",
            &["everybody would be let in without being asked"],
        ),
        (
            with("allowed_principals", json!(["acme"])),
            "allowed_principals",
            &["\"acme\"", "arn:aws:iam::123456789012:root"],
        ),
        (
            with("connection_limit", 0),
            "connection_limit",
            &["1 to 1000"],
        ),
        (
            with("connection_limit", 1001),
            "connection_limit",
            &["1 to 1000"],
        ),
        (
            with("load_balancer", "acme"),
            "load_balancer",
            &["Network Load Balancer"],
        ),
        (with("name", "Acme"), "name", &["private service name"]),
        (
            with("private_dns_name", "https://api.example.com"),
            "private_dns_name",
            &["DNS name"],
        ),
    ];
    for (config, at, parts) in cases {
        refuses(&service, config, at, parts).await;
    }
}

#[tokio::test]
async fn what_the_cloud_does_not_take_is_said_at_its_argument() {
    let mut config = full();
    config["subnets"] = json!(["subnet-0abc0001"]);
    config["auto_accept"] = true.into();
    config["accepted_connections"] = json!([CONNECTION]);
    config["rejected_connections"] = json!(["vpce-0fff0002"]);
    config["private_dns_name"] = "api.example.com".into();
    let fields = [
        ("name", "name"),
        ("load_balancer", "load_balancer"),
        ("subnets", "subnets"),
        ("allowed", "allowed_principals"),
        ("auto_accept", "auto_accept"),
        ("accepted", "accepted_connections"),
        ("rejected", "rejected_connections"),
        ("connection_limit", "connection_limit"),
    ];
    refuses_at_plan(NAME, "private_services.check", config, &fields).await;
}

#[tokio::test]
async fn a_load_balancer_of_the_same_apply_is_planned() {
    let harness = over(&Memory::default()).await;
    let service = harness.resource(NAME);
    let mut unknown = with("load_balancer", UNKNOWN);
    unknown["accepted_connections"] = UNKNOWN.into();
    let planned = service.plan_create(unknown).await;
    assert_eq!(planned.values["unexpected_principals"], json!([]));
    let state = service.apply(&planned, full()).await;
    service.settled(&state, full()).await;
}

/// Neither a change of tags nor one of whom to let in makes another state or another name.
#[tokio::test]
async fn a_plan_leaves_open_only_what_the_apply_tells() {
    let harness = over(&Memory::default()).await;
    let service = harness.resource(NAME);
    let state = service.create(full()).await;
    let planned = service.plan(&state, with("tags", json!({}))).await;
    assert!(
        !planned.values.to_string().contains(UNKNOWN),
        "{}",
        planned.values
    );
    let planned = service
        .plan(&state, with("accepted_connections", json!([CONNECTION])))
        .await;
    assert_eq!(planned.values["connections"], UNKNOWN);
    assert_eq!(planned.values["state"], "available");
}
