//! What one cloud takes of a private service and another does not, said by the plan.

use framework::testing::UNKNOWN;

use super::*;
use crate::testing::{aws, azure, of_clouds, says_first};

const GROUP: &str = "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme/providers/Microsoft.Network";

fn on_aws() -> Json {
    json!({
        "name": "acme-api",
        "load_balancer": BALANCER,
        "allowed_principals": [VENDOR, "*"],
        "accepted_connections": ["vpce-0fff0001"],
    })
}

fn on_azure() -> Json {
    json!({
        "name": "acme-api",
        "load_balancer": format!("{GROUP}/loadBalancers/api/frontendIPConfigurations/api"),
        "subnets": [format!("{GROUP}/virtualNetworks/acme/subnets/link")],
        "allowed_principals": ["0d5a4f5b-4d0c-4b5c-9a53-3c2f2a7f9d10"],
        "auto_accept": true,
    })
}

#[tokio::test]
async fn each_cloud_plans_what_is_its_own_also_while_parts_are_unknown() {
    for (clouds, config) in [(aws(), on_aws()), (azure(), on_azure())] {
        let harness = of_clouds("acme-prod", clouds).await;
        let service = harness.resource(NAME);
        service.plan_create(config.clone()).await;
        let arguments = config.as_object().unwrap().keys();
        for argument in arguments.filter(|argument| *argument != "auto_accept") {
            let mut unknown = config.clone();
            unknown[argument] = UNKNOWN.into();
            service.plan_create(unknown).await;
        }
    }
}

#[tokio::test]
async fn what_is_of_another_cloud_is_refused_where_it_stands() {
    let link = format!("{GROUP}/virtualNetworks/acme/subnets/link");
    for (clouds, config, other, argument, part) in [
        (
            aws as fn() -> _,
            on_aws(),
            json!(["subnet-0abc0001"]),
            "subnets",
            "leave",
        ),
        (
            aws,
            on_aws(),
            json!(["projects/vendor"]),
            "allowed_principals",
            "is no principal of AWS",
        ),
        (aws, on_aws(), json!(3), "connection_limit", "leave"),
        (
            aws,
            on_aws(),
            json!("projects/acme/regions/europe-west4/forwardingRules/api"),
            "load_balancer",
            "is no load balancer of AWS",
        ),
        (
            azure,
            on_azure(),
            json!([VENDOR]),
            "allowed_principals",
            "is no principal of Azure",
        ),
        (azure, on_azure(), json!([]), "subnets", "one subnet"),
        (
            azure,
            on_azure(),
            json!([link, format!("{link}2")]),
            "subnets",
            "not 2",
        ),
        (
            azure,
            on_azure(),
            json!(3),
            "connection_limit",
            "leave it out",
        ),
        (
            azure,
            on_azure(),
            json!(["vpce-0fff0001"]),
            "accepted_connections",
            "is no private endpoint of Azure",
        ),
    ] {
        let harness = of_clouds("acme-prod", clouds()).await;
        let service = harness.resource(NAME);
        let mut config = config;
        config[argument] = other;
        // The rest is said while the load balancer is only known after the apply.
        let late = (argument != "load_balancer").then(|| {
            let mut late = config.clone();
            late["load_balancer"] = UNKNOWN.into();
            late
        });
        for config in [config].into_iter().chain(late) {
            let said = service.try_plan(None, config).await.unwrap_err();
            says_first(&said, argument, &[part]);
        }
    }
}

#[tokio::test]
async fn nobody_is_let_in_without_being_asked_where_nobody_is_named() {
    let harness = of_clouds("acme-prod", azure()).await;
    let service = harness.resource(NAME);
    let mut nobody = on_azure();
    nobody["allowed_principals"] = json!(null);
    let said = service.try_plan(None, nobody).await.unwrap_err();
    says_first(&said, "auto_accept", &["allowed_principals"]);
}
