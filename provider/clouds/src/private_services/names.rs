//! Names and ids around private services. Which cloud a text is of is told by its form; whether it is of *this* cloud is said by
//! the `check` of each backend, in its own words.
//!
//! Sources of the forms: AWS' service authorization reference for EC2 and Elastic Load Balancing v2 (ARNs) and EC2's "resource
//! IDs"; compute's discovery document for Google Cloud (`forwardingRules`, `subnetworks`, `serviceAttachments`, all RFC 1035);
//! resource ids of `Microsoft.Network` 2024-05-01.

use crate::names::{
    Checked, characters, checked_text, dns_label, ec2_id, ensure, length, path_of, rfc1035, uuid,
};

checked_text! {
    /// What a private service is called: lowercase letters, digits and hyphens, from a letter on (RFC 1035). Azure would take more.
    PrivateServiceName, "private service name", rfc1035
}

checked_text! {
    /// By which a private service is found again: `vpce-svc-…` on AWS, else its name.
    PrivateServiceId, "private service id", rfc1035
}

checked_text! {
    /// A load balancer to publish: the ARN of a Network Load Balancer, a forwarding rule of Google Cloud, a frontend configuration
    /// of Azure.
    any case LoadBalancerId, "load balancer", load_balancer
}

checked_text! {
    /// A subnet: `subnet-…`, `projects/…/subnetworks/…` or a resource id.
    any case SubnetId, "subnet", subnet
}

checked_text! {
    /// Who may ask for connections: an ARN of IAM, a project or a network of Google Cloud, an Azure subscription, or `*`.
    any case PrincipalPattern, "principal", principal
}

checked_text! {
    /// An endpoint by which a consumer asks: `vpce-…`, `projects/…/forwardingRules/…`, the id of a private endpoint of Azure.
    any case ConnectionId, "connection", connection
}

checked_text! {
    /// A name in the domain name system, lowercase and without the dot at its end.
    DnsName, "DNS name", dns_name
}

impl PrincipalPattern {
    /// Whether it means everybody.
    pub fn is_everybody(&self) -> bool {
        self.as_str() == "*"
    }
}

/// Where objects of Azure's networks are.
const FRONTEND: &str = "/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/loadBalancers/*/frontendIPConfigurations/*";
const AZURE_SUBNET: &str =
    "/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/virtualNetworks/*/subnets/*";
const AZURE_ENDPOINT: &str =
    "/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/privateEndpoints/*";

fn load_balancer(text: &str) -> Checked {
    let network = arn(text, "elasticloadbalancing")
        .is_some_and(|(_, object)| path_of(object, "loadbalancer/net/*/*"));
    let google = path_of(text, "projects/*/regions/*/forwardingRules/*");
    ensure(
        network || google || path_of(text, FRONTEND),
        "must be the ARN of a Network Load Balancer (…:loadbalancer/net/…, AWS), projects/…/regions/…/forwardingRules/… (Google Cloud) or the id of a load balancer's frontend configuration (…/frontendIPConfigurations/…, Azure)",
    )
}

fn subnet(text: &str) -> Checked {
    let google = path_of(text, "projects/*/regions/*/subnetworks/*");
    ensure(
        ec2_id(text, "subnet-") || google || path_of(text, AZURE_SUBNET),
        "must be subnet-… (AWS), projects/…/regions/…/subnetworks/… (Google Cloud) or the id of a virtual network's subnet (…/subnets/…, Azure)",
    )
}

fn principal(text: &str) -> Checked {
    let iam = arn(text, "iam").is_some_and(|(account, object)| {
        let named = ["role/", "user/"].iter().any(|kind| {
            object
                .strip_prefix(kind)
                .is_some_and(|name| !name.is_empty())
        });
        let digits = account.len() == 12 && account.chars().all(|c| c.is_ascii_digit());
        digits && (object == "root" || named)
    });
    let google = path_of(text, "projects/*") || path_of(text, "projects/*/global/networks/*");
    if text == "*" || iam || google || uuid(text) {
        return characters(
            text,
            |c| c.is_ascii_graphic() && (c != '*' || text == "*") && !"?\"".contains(c),
            "visible ASCII without wildcards",
        );
    }
    Err("must be an ARN like arn:aws:iam::123456789012:root, or of a role or user (AWS), projects/PROJECT or projects/PROJECT/global/networks/NETWORK (Google Cloud), the UUID of a subscription (Azure), or * for everybody".into())
}

fn connection(text: &str) -> Checked {
    let google = path_of(text, "projects/*/regions/*/forwardingRules/*")
        || path_of(text, "projects/*/global/forwardingRules/*");
    ensure(
        ec2_id(text, "vpce-") || google || path_of(text, AZURE_ENDPOINT),
        "must be vpce-… (AWS), projects/…/regions/…/forwardingRules/… (Google Cloud) or the id of a private endpoint (…/privateEndpoints/…, Azure): what `connection_id` of the consumer's endpoint says",
    )
}

fn dns_name(text: &str) -> Checked {
    length(text, 3, 253)?;
    ensure(!text.ends_with('.'), "must not end with a dot")?;
    ensure(
        text.contains('.'),
        "must have two parts or more, like api.example.com",
    )?;
    text.split('.').try_for_each(dns_label)
}

/// Account and object of an ARN of this service.
fn arn<'t>(text: &'t str, service: &str) -> Option<(&'t str, &'t str)> {
    let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
    let (partition, found, _region) = (parts.next()?, parts.next()?, parts.next()?);
    let of_service = !partition.is_empty() && found == service;
    of_service.then_some((parts.next()?, parts.next()?))
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::str::FromStr;

    use super::*;

    const GROUP: &str = "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme/providers/Microsoft.Network";

    fn takes<T: FromStr<Err: Debug>>(texts: &[&str]) {
        for text in texts {
            assert!(text.parse::<T>().is_ok(), "{text}");
        }
    }

    fn refuses<T: FromStr<Err: Debug>>(texts: &[&str]) {
        for text in texts {
            assert!(text.parse::<T>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_of_services() {
        takes::<PrivateServiceName>(&["a", "acme-kubernetes-api"]);
        refuses::<PrivateServiceName>(&["", "1-acme", "acme_api", "Acme", "acme-"]);
        takes::<PrivateServiceId>(&["vpce-svc-0123456789abcdef0", "acme-kubernetes-api"]);
        refuses::<PrivateServiceId>(&["com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"]);
    }

    #[test]
    fn load_balancers_of_the_three_clouds() {
        takes::<LoadBalancerId>(&[
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9188",
            "projects/acme-prod/regions/europe-west4/forwardingRules/api",
            &format!("{GROUP}/loadBalancers/kubernetes-internal/frontendIPConfigurations/api"),
            &format!("{GROUP}/loadbalancers/kubernetes-internal/FrontendIpConfigurations/api"),
        ]);
        refuses::<LoadBalancerId>(&[
            "acme",
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/acme/50dc6c495c0c9188",
            "arn:aws:iam:eu-west-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9188",
            "projects/acme-prod/global/forwardingRules/api",
            &format!("{GROUP}/loadBalancers/kubernetes-internal"),
        ]);
    }

    #[test]
    fn subnets_of_the_three_clouds() {
        takes::<SubnetId>(&[
            "subnet-0123456789abcdef0",
            "projects/acme-prod/regions/europe-west4/subnetworks/nat",
            &format!("{GROUP}/virtualNetworks/acme/subnets/link"),
        ]);
        refuses::<SubnetId>(&["subnet-x", "vpc-0abc1234", "10.0.0.0/24"]);
        let id = format!("{GROUP}/virtualNetworks/acme/subnets/link");
        assert_eq!(
            id.parse::<SubnetId>().unwrap(),
            id.to_uppercase().parse().unwrap()
        );
    }

    #[test]
    fn principals_of_the_three_clouds() {
        takes::<PrincipalPattern>(&[
            "*",
            "arn:aws:iam::123456789012:root",
            "arn:aws-cn:iam::123456789012:role/dataplane/provision",
            "arn:aws:iam::123456789012:user/eve@acme",
            "projects/vendor-prod",
            "projects/vendor-prod/global/networks/main",
            "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11",
        ]);
        refuses::<PrincipalPattern>(&[
            "acme",
            "123456789012",
            "arn:aws:iam::12345:root",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/*",
            "arn:aws:iam::123456789012:group/all",
            "projects/*",
            "projects/",
            "**",
        ]);
        assert!("*".parse::<PrincipalPattern>().unwrap().is_everybody());
        let said = "acme".parse::<PrincipalPattern>().unwrap_err().to_string();
        assert!(said.contains("arn:aws:iam::123456789012:root"), "{said}");
    }

    #[test]
    fn connections_of_the_three_clouds() {
        takes::<ConnectionId>(&[
            "vpce-0123456789abcdef0",
            "projects/vendor-prod/regions/europe-west4/forwardingRules/acme",
            "projects/vendor-prod/global/forwardingRules/googleapis",
            &format!("{GROUP}/privateEndpoints/acme"),
        ]);
        refuses::<ConnectionId>(&["vpce-svc-0123456789abcdef0", "acme", "projects/vendor-prod"]);
    }

    #[test]
    fn names_in_dns() {
        takes::<DnsName>(&["api.example.com", "a.b"]);
        refuses::<DnsName>(&[
            "localhost",
            "api.example.com.",
            "Api.example.com",
            "api..com",
            "-a.example.com",
            "https://api.example.com",
        ]);
    }
}
