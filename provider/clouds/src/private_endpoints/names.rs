//! Names and ids around private endpoints. Which cloud a text is of is told by its form; whether it is of *this* cloud is said by
//! the `check` of each backend, in its own words.
//!
//! Sources of the forms: "AWS services that integrate with AWS `PrivateLink`" and EC2's "resource IDs"; Google Cloud's "About
//! accessing Google APIs through endpoints" (the two bundles) and compute's discovery document; Azure's "What is Azure Private
//! Link service?" (the alias is `prefix.{GUID}.region.azure.privatelinkservice`) and resource ids of `Microsoft.Network` 2024-05-01.

use crate::names::{
    Checked, characters, checked_text, ec2_id, ensure, length, lower_or_digit, path_of, rfc1035,
    uuid,
};

checked_text! {
    /// What a private endpoint is called: lowercase letters, digits and hyphens, from a letter on (RFC 1035). Azure would take more.
    PrivateEndpointName, "private endpoint name", rfc1035
}

checked_text! {
    /// By which a private endpoint is found again: `vpce-…` on AWS, else its name.
    PrivateEndpointId, "private endpoint id", rfc1035
}

checked_text! {
    /// Where an endpoint leads: `com.amazonaws.…`, `projects/…/serviceAttachments/…`, a bundle of Google's own interfaces (`all-apis`,
    /// `vpc-sc`), the id of an object of Azure or the alias of a Private Link service.
    any case ServiceName, "service name", service_name
}

checked_text! {
    /// A network: `vpc-…`, `projects/…/global/networks/…`, or a virtual network's resource id.
    NetworkId, "network", network
}

checked_text! {
    /// A route table of AWS: `rtb-…`.
    RouteTableId, "route table", route_table
}

checked_text! {
    /// A security group of AWS: `sg-…`.
    SecurityGroupId, "security group", security_group
}

checked_text! {
    /// A private DNS zone of Azure, by its resource id.
    any case DnsZoneId, "private DNS zone", dns_zone
}

/// What the names of AWS's services begin with: also in China, and for the few whose console or notebooks are the service.
const AWS: [&str; 4] = [
    "com.amazonaws.",
    "cn.com.amazonaws.",
    "aws.api.",
    "aws.sagemaker.",
];
const BUNDLES: [&str; 2] = ["all-apis", "vpc-sc"];
const ALIAS: &str = ".azure.privatelinkservice";
const VIRTUAL_NETWORK: &str =
    "/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/virtualNetworks/*";
const ZONE: &str =
    "/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/privateDnsZones/*";

impl ServiceName {
    /// Whether it is one of Google's bundles.
    pub fn is_bundle(&self) -> bool {
        BUNDLES.contains(&self.as_str())
    }

    /// Whether it is the alias of a Private Link service.
    pub fn is_alias(&self) -> bool {
        alias(self.as_str())
    }

    /// The region of a service that somebody publishes on AWS or Google Cloud; none of all others.
    pub fn region(&self) -> Option<&str> {
        let text = self.as_str();
        if let Some((_, published)) = text.split_once("com.amazonaws.vpce.") {
            return published.split('.').next();
        }
        attachment(text).then(|| text.split('/').nth(3))?
    }
}

fn service_name(text: &str) -> Checked {
    length(text, 1, 2048)?;
    if AWS.iter().any(|start| text.starts_with(start)) {
        ensure(
            !text.contains(".vpce.") || published(text),
            "must be com.amazonaws.vpce.REGION.vpce-svc-… for a service that somebody publishes on AWS",
        )?;
        ensure(
            text.split('.').all(|part| !part.is_empty()),
            "must have something between its dots",
        )?;
        let allowed = |c: char| lower_or_digit(c) || "-_.".contains(c);
        return characters(text, allowed, "lowercase letters, digits and - _ .");
    }
    ensure(
        BUNDLES.contains(&text) || attachment(text) || alias(text) || object(text),
        "must be com.amazonaws.… (AWS), projects/…/regions/…/serviceAttachments/…, all-apis or vpc-sc (Google Cloud), or the id of an object or the alias of a Private Link service (Azure)",
    )
}

/// Of a service that somebody publishes on AWS.
fn published(text: &str) -> bool {
    let rest = text.split_once("com.amazonaws.vpce.");
    rest.and_then(|(_, rest)| rest.split_once('.'))
        .is_some_and(|(region, id)| !region.is_empty() && ec2_id(id, "vpce-svc-"))
}

fn attachment(text: &str) -> bool {
    path_of(text, "projects/*/regions/*/serviceAttachments/*")
}

fn alias(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let rest = text.strip_suffix(ALIAS);
    // The prefix is the service's name, which may have dots of its own.
    rest.and_then(|rest| rest.rsplit_once('.'))
        .and_then(|(rest, region)| Some((rest.rsplit_once('.')?, region)))
        .is_some_and(|((prefix, guid), region)| {
            !prefix.is_empty() && uuid(guid) && !region.is_empty()
        })
}

/// The id of any object of Azure: which kinds have private endpoints grows by the month.
fn object(text: &str) -> bool {
    let parts = text.split('/').count();
    let forms = (9..=13).step_by(2).map(|length| {
        let inner = "/*/*".repeat((length - 7) / 2);
        format!("/subscriptions/*/resourceGroups/*/providers/*{inner}")
    });
    forms
        .filter(|form| form.split('/').count() == parts)
        .any(|form| path_of(text, &form))
}

fn network(text: &str) -> Checked {
    let google = path_of(text, "projects/*/global/networks/*");
    ensure(
        ec2_id(text, "vpc-") || google || path_of(text, VIRTUAL_NETWORK),
        "must be vpc-… (AWS) or projects/…/global/networks/… (Google Cloud)",
    )
}

fn route_table(text: &str) -> Checked {
    ensure(ec2_id(text, "rtb-"), "must be rtb-… (AWS)")
}

fn security_group(text: &str) -> Checked {
    ensure(ec2_id(text, "sg-"), "must be sg-… (AWS)")
}

fn dns_zone(text: &str) -> Checked {
    ensure(
        path_of(text, ZONE),
        "must be the id of a private DNS zone of Azure: /subscriptions/…/providers/Microsoft.Network/privateDnsZones/…",
    )
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::str::FromStr;

    use super::*;

    const GROUP: &str =
        "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme/providers";

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
    fn services_of_the_three_clouds() {
        takes::<ServiceName>(&[
            "com.amazonaws.eu-west-1.s3",
            "com.amazonaws.eu-west-1.ecr.api",
            "cn.com.amazonaws.cn-north-1.ec2",
            "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0",
            "aws.sagemaker.eu-west-1.notebook",
            "projects/acme-prod/regions/europe-west4/serviceAttachments/api",
            "all-apis",
            "vpc-sc",
            &format!("{GROUP}/Microsoft.Network/privateLinkServices/api"),
            &format!("{GROUP}/Microsoft.Storage/storageAccounts/acmedata"),
            &format!("{GROUP}/Microsoft.Sql/servers/acme/databases/one"),
            "acme.8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11.westeurope.azure.privatelinkservice",
        ]);
        refuses::<ServiceName>(&[
            "s3",
            "com.amazonaws.",
            "com.amazonaws.eu-west-1..s3",
            "com.amazonaws.vpce.eu-west-1.vpce-svc-",
            "com.amazonaws.vpce.vpce-svc-0123456789abcdef0",
            "vpce-svc-0123456789abcdef0",
            "projects/acme-prod/regions/europe-west4/forwardingRules/api",
            "acme.westeurope.azure.privatelinkservice",
            &format!("{GROUP}/Microsoft.Network"),
            &format!("{GROUP}/Microsoft.Network/privateLinkServices"),
            &format!("{GROUP}/Microsoft.Sql/servers/acme/databases"),
        ]);
    }

    #[test]
    fn a_published_service_says_its_region() {
        let region = |text: &str| {
            let name: ServiceName = text.parse().unwrap();
            name.region().map(str::to_owned)
        };
        assert_eq!(
            region("com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0").as_deref(),
            Some("us-east-1")
        );
        assert_eq!(
            region("projects/acme-prod/regions/europe-west4/serviceAttachments/api").as_deref(),
            Some("europe-west4")
        );
        assert_eq!(region("all-apis"), None);
        assert_eq!(region("com.amazonaws.eu-west-1.s3"), None);
    }

    #[test]
    fn bundles_and_aliases_are_told_apart() {
        let alias = "acme.8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11.westeurope.azure.privatelinkservice";
        for (text, bundle, is_alias) in [
            ("all-apis", true, false),
            (alias, false, true),
            ("com.amazonaws.eu-west-1.s3", false, false),
        ] {
            let name: ServiceName = text.parse().unwrap();
            assert_eq!((name.is_bundle(), name.is_alias()), (bundle, is_alias));
        }
    }

    #[test]
    fn names_of_endpoints() {
        takes::<PrivateEndpointName>(&["s3", "acme-kubernetes-api"]);
        refuses::<PrivateEndpointName>(&["", "3s", "acme_api", "-acme"]);
        takes::<PrivateEndpointId>(&["vpce-0123456789abcdef0", "acme"]);
        refuses::<PrivateEndpointId>(&["projects/acme", "VPCE-0123456789ABCDEF0"]);
    }

    #[test]
    fn what_stands_around_an_endpoint() {
        takes::<NetworkId>(&[
            "vpc-0123456789abcdef0",
            "projects/acme-prod/global/networks/main",
        ]);
        refuses::<NetworkId>(&["main", "subnet-0123456789abcdef0"]);
        takes::<RouteTableId>(&["rtb-0123456789abcdef0"]);
        refuses::<RouteTableId>(&["main", "rtb-"]);
        takes::<SecurityGroupId>(&["sg-0123456789abcdef0"]);
        refuses::<SecurityGroupId>(&["default", "sgr-0123456789abcdef0"]);
        takes::<DnsZoneId>(&[&format!(
            "{GROUP}/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net"
        )]);
        refuses::<DnsZoneId>(&["Z0123456789", "privatelink.blob.core.windows.net"]);
    }
}
