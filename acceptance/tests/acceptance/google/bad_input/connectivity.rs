//! What Google Cloud does not take of private services and private endpoints, and what is said of each.

use super::cases::Case;

/// What a service needs.
pub(super) const SERVICE: &[(&str, &str)] = &[
    ("name", r#""acme""#),
    (
        "load_balancer",
        r#""projects/acme-prod-123456/regions/europe-west4/forwardingRules/api""#,
    ),
    (
        "subnets",
        r#"["projects/acme-prod-123456/regions/europe-west4/subnetworks/nat"]"#,
    ),
];

/// What an endpoint needs.
pub(super) const ENDPOINT: &[(&str, &str)] = &[
    ("name", r#""acme""#),
    (
        "service_name",
        r#""projects/acme-prod-123456/regions/europe-west4/serviceAttachments/api""#,
    ),
    (
        "network",
        r#""projects/acme-prod-123456/global/networks/main""#,
    ),
    (
        "subnets",
        r#"["projects/acme-prod-123456/regions/europe-west4/subnetworks/one"]"#,
    ),
];

pub(super) const OF_SERVICES: &[Case] = &[
    (
        "dataplane_private_service",
        "load_balancer",
        r#""arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9188""#,
        &["nothing of Google Cloud", "internal forwarding rule"],
    ),
    (
        "dataplane_private_service",
        "load_balancer",
        r#""projects/acme-prod-123456/regions/us-east1/forwardingRules/api""#,
        &["is in us-east1, and this provider works in europe-west4"],
    ),
    (
        "dataplane_private_service",
        "subnets",
        "[]",
        &["purpose PRIVATE_SERVICE_CONNECT"],
    ),
    (
        "dataplane_private_service",
        "allowed_principals",
        r#"["projects/vendor-prod"]"#,
        &["set auto_accept = true"],
    ),
    (
        "dataplane_private_service",
        "allowed_principals",
        r#"["8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11"]"#,
        &["no principal of Google Cloud", "write projects/PROJECT"],
    ),
    (
        "dataplane_private_service",
        "allowed_principals",
        r#"["projects/vendor-prod", "projects/vendor-prod/global/networks/main"]"#,
        &["projects or networks in one list, not both"],
    ),
    (
        "dataplane_private_service",
        "auto_accept",
        "true",
        &["whom allowed_principals names"],
    ),
    (
        "dataplane_private_service",
        "connection_limit",
        "3",
        &["each of allowed_principals"],
    ),
];

pub(super) const OF_ENDPOINTS: &[Case] = &[
    (
        "dataplane_private_endpoint",
        "service_name",
        r#""projects/acme-prod-123456/regions/us-east1/serviceAttachments/api""#,
        &["is a service of us-east1, and this provider works in europe-west4"],
    ),
    (
        "dataplane_private_endpoint",
        "service_name",
        r#""com.amazonaws.eu-west-1.s3""#,
        &["no service of Google Cloud", "all-apis or vpc-sc"],
    ),
    (
        "dataplane_private_endpoint",
        "type",
        r#""gateway""#,
        &["no gateway endpoints on Google Cloud"],
    ),
    (
        "dataplane_private_endpoint",
        "network",
        r#""vpc-0123456789abcdef0""#,
        &["no network of Google Cloud"],
    ),
    (
        "dataplane_private_endpoint",
        "security_groups",
        r#"["sg-0123456789abcdef0"]"#,
        &["firewall rules of the network"],
    ),
    (
        "dataplane_private_endpoint",
        "route_tables",
        r#"["rtb-0123456789abcdef0"]"#,
        &["leave route_tables out"],
    ),
    (
        "dataplane_private_endpoint",
        "sub_resources",
        r#"["blob"]"#,
        &["leave sub_resources out"],
    ),
    (
        "dataplane_private_endpoint",
        "request_message",
        r#""hello""#,
        &["leave request_message out"],
    ),
];
