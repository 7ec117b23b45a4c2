//! What AWS does not take of private services and private endpoints, and when that is told: as early as it can be known.

use acceptance::aws::{Emulators, Front};
use anyhow::Result;
use serde_json::json;

use super::{Expected, refuses};
use crate::private::{Network, Side, text};

const BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9188";

/// A service that is called as its block is.
fn service(name: &str, arguments: &str) -> String {
    let balancer = if arguments.contains("load_balancer") {
        String::new()
    } else {
        format!("  load_balancer = \"{BALANCER}\"\n")
    };
    format!(
        "resource \"dataplane_private_service\" \"{name}\" {{\n  name = \"{name}\"\n{balancer}  {arguments}\n}}\n"
    )
}

/// An endpoint that is called as its block is.
fn endpoint(name: &str, network: &Network, subnet: &str, arguments: &str) -> String {
    let groups = if arguments.contains("security_groups") {
        String::new()
    } else {
        format!("  security_groups = [\"{}\"]\n", network.groups[0])
    };
    let vpc = &network.vpc;
    format!(
        "resource \"dataplane_private_endpoint\" \"{name}\" {{
  name    = \"{name}\"
  network = \"{vpc}\"
  subnets = [\"{subnet}\"]
{groups}  {arguments}
}}
"
    )
}

fn of_service(name: &str, says: &[&str]) -> Expected {
    Expected::at(&format!("dataplane_private_service.{name}"), says)
}

fn of_endpoint(name: &str, says: &[&str]) -> Expected {
    Expected::at(&format!("dataplane_private_endpoint.{name}"), says)
}

/// A side with a network, and an empty configuration that is initialised.
fn side(front: &Front) -> Result<Side> {
    let side = Side::new(front)?;
    side.write("")?;
    side.terraform.init()?;
    Ok(side)
}

#[test]
fn what_no_cloud_takes_of_private_connections_is_told_by_validate() -> Result<()> {
    let front = Front::start(Emulators::shared()?)?;
    let side = side(&front)?;
    let connection = "[\"vpce-0123456789abcdef0\"]";
    let own = "service_name = \"com.amazonaws.eu-west-1.sts\"";
    let subnet = &side.network.subnets[0];
    let groupless = format!("{own}\n  security_groups = []");
    side.write(
        &[
            service(
                "both",
                &format!(
                    "accepted_connections = {connection}\n  rejected_connections = {connection}"
                ),
            ),
            service(
                "everybody",
                "auto_accept = true\n  allowed_principals = [\"*\"]",
            ),
            service("nobody", "allowed_principals = [\"acme\"]"),
            service(
                "application",
                &format!("load_balancer = \"{}\"", BALANCER.replace("/net/", "/app/")),
            ),
            endpoint("groupless", &side.network, subnet, &groupless),
            endpoint("nameless", &side.network, subnet, "service_name = \"sts\""),
        ]
        .concat(),
    )?;
    refuses(
        &side.terraform,
        "validate",
        &[
            of_service("both", &["is both accepted and rejected: leave it in one"]),
            of_service(
                "everybody",
                &[
                    "everybody would be let in without being asked",
                    "name principals",
                ],
            ),
            of_service("nobody", &["\"acme\"", "arn:aws:iam::123456789012:root"]),
            of_service("application", &["Network Load Balancer"]),
            of_endpoint(
                "groupless",
                &["no endpoint is without a group", "leave the argument out"],
            ),
            of_endpoint("nameless", &["\"sts\"", "com.amazonaws."]),
        ],
    )
}

#[test]
fn what_aws_does_not_take_of_private_connections_is_told_by_the_plan() -> Result<()> {
    let front = Front::start(Emulators::shared()?)?;
    let side = side(&front)?;
    let subnet = &side.network.subnets[0];
    let far = BALANCER.replace("eu-west-1", "us-east-1");
    let elsewhere = "service_name = \"com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0\"";
    let attachment = "service_name = \"projects/acme/regions/europe-west4/serviceAttachments/api\"";
    let own = "service_name = \"com.amazonaws.eu-west-1.sts\"";
    side.write(
        &[
            service("foreign", "allowed_principals = [\"projects/acme-prod\"]"),
            service("far", &format!("load_balancer = \"{far}\"")),
            service("limited", "connection_limit = 3"),
            endpoint("elsewhere", &side.network, subnet, elsewhere),
            endpoint("attachment", &side.network, subnet, attachment),
            endpoint(
                "addressed",
                &side.network,
                subnet,
                &format!("{own}\n  address = \"10.0.0.9\""),
            ),
        ]
        .concat(),
    )?;
    refuses(
        &side.terraform,
        "plan",
        &[
            of_service(
                "foreign",
                &["\"projects/acme-prod\" is no principal of AWS"],
            ),
            of_service(
                "far",
                &["is in us-east-1", "load balancers of its own region"],
            ),
            of_service("limited", &["connection_limit", "leave this argument out"]),
            of_endpoint(
                "elsewhere",
                &["is a service of us-east-1", "works in eu-west-1"],
            ),
            of_endpoint("attachment", &["is no service of AWS"]),
            of_endpoint("addressed", &["AWS chooses the addresses"]),
        ],
    )
}

/// What only the cloud knows is told before anything is made.
#[test]
fn what_only_a_network_or_a_service_tells_is_told_before_anything_is_made() -> Result<()> {
    let front = Front::start(Emulators::shared()?)?;
    let side = side(&front)?;
    let [first, second, third] = &side.network.subnets;
    let names = json!({ "VpcId": side.network.vpc, "EnableDnsHostnames": { "Value": false } });
    side.account.call("ec2", "modify_vpc_attribute", &names)?;
    let wanted = json!({ "SubnetIds": [first] });
    let found = side.account.call("ec2", "describe_subnets", &wanted)?;
    let zone = text(&found["Subnets"][0]["AvailabilityZoneId"])?;
    let offered = side.account.ec2().offer(true, &[&zone])?;
    let nobody = "service_name = \"com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0\"";
    side.write(
        &[
            endpoint(
                "unsupported",
                &side.network,
                first,
                "service_name = \"com.amazonaws.eu-west-1.sts\"",
            ),
            endpoint(
                "zoneless",
                &side.network,
                second,
                &format!("service_name = \"{offered}\""),
            ),
            endpoint("unknown", &side.network, third, nobody),
        ]
        .concat(),
    )?;
    refuses(
        &side.terraform,
        "apply",
        &[
            of_endpoint(
                "unsupported",
                &["enableDnsHostnames is off", "private_dns = false"],
            ),
            of_endpoint(
                "zoneless",
                &[second, "is not offered", &zone, "Leave that subnet out"],
            ),
            of_endpoint(
                "unknown",
                &["has no service to lead to", "allowed_principals"],
            ),
        ],
    )?;
    side.assert_nothing_left()
}
