//! What Azure does not take of private services and private endpoints.

use super::cases::Case;

pub(super) const FRONTEND: &str = r#""/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Network/loadBalancers/lb/frontendIPConfigurations/api""#;
pub(super) const SUBNETS: &str = r#"["/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/net/subnets/own"]"#;
pub(super) const PUBLISHED: &str = r#""/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Network/privateLinkServices/api""#;

pub(super) const OF_PRIVATE_LINK: &[Case] = &[
    (
        "dataplane_private_service",
        "load_balancer",
        r#""arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9188""#,
        &["load_balancer", "another cloud"],
    ),
    (
        "dataplane_private_service",
        "allowed_principals",
        r#"["arn:aws:iam::123456789012:root"]"#,
        &["no principal of Azure", "UUID of a subscription"],
    ),
    (
        "dataplane_private_service",
        "connection_limit",
        "3",
        &["connection_limit", "leave it out"],
    ),
    (
        "dataplane_private_service",
        "auto_accept",
        "true",
        &["auto_accept", "name some in allowed_principals"],
    ),
    (
        "dataplane_private_endpoint",
        "service_name",
        r#""com.amazonaws.eu-west-1.sts""#,
        &["service_name", "another cloud"],
    ),
    (
        "dataplane_private_endpoint",
        "network",
        r#""vpc-0abc0001""#,
        &["network", "the subnet says"],
    ),
    (
        "dataplane_private_endpoint",
        "subnets",
        r#"["/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/net/subnets/own"]"#,
        &["subnets", "99999999-0000-4000-8000-000000000001"],
    ),
    (
        "dataplane_private_endpoint",
        "security_groups",
        r#"["sg-0abc0001"]"#,
        &["security_groups", "network security group"],
    ),
    (
        "dataplane_private_endpoint",
        "sub_resources",
        r#"["blob"]"#,
        &["sub_resources", "no parts"],
    ),
    (
        "dataplane_private_endpoint",
        "private_dns",
        "true",
        &["private_dns", "dns_zones"],
    ),
    (
        "dataplane_private_endpoint",
        "type",
        r#""gateway""#,
        &["type", "interface alone"],
    ),
    (
        "dataplane_private_endpoint",
        "address",
        r#""10.0.2.9""#,
        &["address", "free address"],
    ),
];
