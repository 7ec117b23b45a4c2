//! What one cloud takes of a private endpoint and another does not, said by the plan.

use super::*;
use crate::testing::{aws, azure, of_clouds, says_first};

const GROUP: &str =
    "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme/providers";

fn on_aws() -> Json {
    with(vendor(), "private_dns", false)
}

fn on_azure() -> Json {
    json!({
        "name": "vault",
        "service_name": format!("{GROUP}/Microsoft.KeyVault/vaults/acme"),
        "sub_resources": ["vault"],
        "subnets": [format!("{GROUP}/Microsoft.Network/virtualNetworks/acme/subnets/endpoints")],
    })
}

#[tokio::test]
async fn each_cloud_plans_what_is_its_own_also_while_parts_are_unknown() {
    let gateway = json!({
        "name": "s3",
        "type": "gateway",
        "service_name": "com.amazonaws.eu-west-1.s3",
        "network": "vpc-0abc0001",
        "route_tables": ["rtb-0abc0001"],
    });
    for (clouds, config) in [
        (aws(), on_aws()),
        (aws(), full()),
        (aws(), gateway),
        (azure(), on_azure()),
    ] {
        let harness = of_clouds("acme-prod", clouds).await;
        let endpoint = harness.resource(NAME);
        endpoint.plan_create(config.clone()).await;
        let arguments = config.as_object().unwrap().keys();
        for argument in arguments.filter(|argument| *argument != "tags") {
            let unknown = with(config.clone(), argument, UNKNOWN);
            endpoint.plan_create(unknown).await;
        }
    }
}

#[tokio::test]
async fn what_is_of_another_cloud_is_refused_where_it_stands() {
    let far = "com.amazonaws.vpce.us-east-1.vpce-svc-0fff0001";
    let attachment = "projects/acme/regions/europe-west4/serviceAttachments/api";
    let zone = format!("{GROUP}/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net");
    for (clouds, config, argument, other, part) in [
        (
            aws as fn() -> _,
            on_aws(),
            "service_name",
            json!(far),
            "is a service of us-east-1",
        ),
        (
            aws,
            on_aws(),
            "service_name",
            json!(attachment),
            "is no service of AWS",
        ),
        (aws, on_aws(), "subnets", json!([]), "one subnet or more"),
        (
            aws,
            on_aws(),
            "route_tables",
            json!(["rtb-0abc0001"]),
            "gateway",
        ),
        (
            aws,
            on_aws(),
            "dns_zones",
            json!([zone]),
            "leave this argument out",
        ),
        (
            aws,
            on_aws(),
            "global_access",
            json!(true),
            "leave this argument out",
        ),
        (
            aws,
            on_aws(),
            "network",
            json!(null),
            "write its id (vpc-…)",
        ),
        (
            aws,
            full(),
            "type",
            json!("gateway"),
            "only S3 and DynamoDB",
        ),
        (
            azure,
            on_azure(),
            "service_name",
            json!(VENDOR),
            "of another cloud",
        ),
        (
            azure,
            on_azure(),
            "network",
            json!("vpc-0abc0001"),
            "leave it out",
        ),
        (
            azure,
            on_azure(),
            "security_groups",
            json!(["sg-0abc0001"]),
            "network security group",
        ),
        (azure, on_azure(), "private_dns", json!(true), "dns_zones"),
        (azure, on_azure(), "subnets", json!([]), "name one, not 0"),
        (
            azure,
            on_azure(),
            "sub_resources",
            json!(null),
            "name one, not 0",
        ),
    ] {
        let harness = of_clouds("acme-prod", clouds()).await;
        let endpoint = harness.resource(NAME);
        let config = with(config, argument, other);
        let said = endpoint.try_plan(None, config.clone()).await.unwrap_err();
        says_first(&said, argument, &[part]);
        // What does not hang on the service is said while that is only known after the apply.
        if !["service_name", "type", "sub_resources", "route_tables"].contains(&argument) {
            let late = with(config, "service_name", UNKNOWN);
            let said = endpoint.try_plan(None, late).await.unwrap_err();
            says_first(&said, argument, &[part]);
        }
    }
}

#[tokio::test]
async fn a_private_link_service_has_no_parts() {
    let harness = of_clouds("acme-prod", azure()).await;
    let endpoint = harness.resource(NAME);
    let alias = "acme.8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11.westeurope.azure.privatelinkservice";
    let config = with(on_azure(), "service_name", alias);
    let said = endpoint.try_plan(None, config).await.unwrap_err();
    says_first(&said, "sub_resources", &["no parts"]);
}
