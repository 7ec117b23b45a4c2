//! What AWS does not take of private services and private endpoints that other clouds take, said without a call.

use clouds::Refusal;
use clouds::account::Region;
use clouds::private_endpoints::{EndpointSettings, EndpointType, NewPrivateEndpoint, ServiceName};
use clouds::private_services::{
    ConnectionId, NewPrivateService, PrincipalPattern, ServiceSettings, SubnetId,
};
use clouds_aws::regions;

/// The services that have gateways.
const GATEWAYS: [&str; 3] = ["s3", "s3express", "dynamodb"];

/// Whether it is a service of AWS's own, and not one that somebody publishes.
pub(crate) fn is_own(service: &ServiceName) -> bool {
    service.region().is_none()
}

pub(crate) fn service(region: &Region, wanted: &NewPrivateService) -> Vec<Refusal> {
    let ServiceSettings {
        load_balancer,
        subnets,
        allowed,
        auto_accept: _,
        accepted,
        rejected,
        connection_limit,
        private_dns_name: _,
    } = &wanted.settings;
    let mut refusals = Vec::new();
    let mut refuse = |field, why: String| refusals.push(Refusal::new(field, why));
    let balancer = load_balancer.as_str();
    match balancer
        .strip_prefix("arn:")
        .map(|arn| arn.split(':').nth(2))
    {
        None => refuse(
            "load_balancer",
            format!(
                "{balancer:?} is no load balancer of AWS: write the ARN of a Network Load Balancer"
            ),
        ),
        Some(there) if there != Some(region.as_str()) => refuse(
            "load_balancer",
            format!(
                "{balancer:?} is in {}, and this provider works in {region}: a service publishes load balancers of its own region",
                there.unwrap_or_default()
            ),
        ),
        Some(_) => {}
    }
    if !subnets.is_empty() {
        refuse(
            "subnets",
            "a private service of AWS is where its load balancer is: leave this argument out"
                .into(),
        );
    }
    if let Some(principal) = allowed.iter().find(|one| !is_principal(one)) {
        refuse(
            "allowed",
            format!(
                "{:?} is no principal of AWS: write an ARN (arn:aws:iam::123456789012:root for the whole account, or of a role or \
                 user), or \"*\"",
                principal.as_str()
            ),
        );
    }
    for (field, connections) in [("accepted", accepted), ("rejected", rejected)] {
        let foreign = |one: &&ConnectionId| !one.as_str().starts_with("vpce-");
        if let Some(connection) = connections.iter().find(foreign) {
            refuse(
                field,
                format!(
                    "{:?} is no endpoint of AWS: write its id (vpce-…)",
                    connection.as_str()
                ),
            );
        }
    }
    if connection_limit.is_some() {
        refuse("connection_limit", "AWS counts connections per service and not per principal, as a quota of the account: leave this argument out".into());
    }
    refusals
}

fn is_principal(principal: &PrincipalPattern) -> bool {
    principal.is_everybody() || principal.as_str().starts_with("arn:")
}

pub(crate) fn endpoint(region: &Region, wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
    let service = wanted.service.as_str();
    if !(service.contains("com.amazonaws.") || service.starts_with("aws.")) {
        let why = format!(
            "{service:?} is no service of AWS: write com.amazonaws.REGION.SERVICE for one of AWS's own, or com.amazonaws.vpce.REGION.vpce-svc-… as its owner says it"
        );
        return vec![Refusal::new("service", why)];
    }
    let mut refusals = Vec::new();
    if let Some(there) = elsewhere(region, &wanted.service) {
        refusals.push(Refusal::new("service", format!(
            "{service:?} is a service of {there}, and this provider works in {region}: it makes endpoints of services of its own \
             region. Use another provider block with that region, or ask the owner for a service here.",
        )));
    }
    match &wanted.network {
        None => refusals.push(Refusal::new(
            "network",
            "an endpoint of AWS is in a VPC: write its id (vpc-…)",
        )),
        Some(network) if !network.as_str().starts_with("vpc-") => {
            let why = format!(
                "{:?} is no network of AWS: write the id of a VPC (vpc-…)",
                network.as_str()
            );
            refusals.push(Refusal::new("network", why));
        }
        Some(_) => {}
    }
    let settings = &wanted.settings;
    let foreign = |one: &&SubnetId| !one.as_str().starts_with("subnet-");
    refusals.extend(settings.subnets.iter().find(foreign).map(|subnet| {
        let why = format!(
            "{:?} is no subnet of AWS: write its id (subnet-…)",
            subnet.as_str()
        );
        Refusal::new("subnets", why)
    }));
    refusals.extend(match wanted.kind {
        EndpointType::Interface => of_interface(&wanted.service, settings),
        EndpointType::Gateway => of_gateway(&wanted.service, settings),
    });
    refusals.extend(of_other_clouds(wanted));
    refusals
}

/// The region that a service is in, if it is not ours.
fn elsewhere<'s>(ours: &Region, service: &'s ServiceName) -> Option<&'s str> {
    let of_aws = || {
        let rest = service.as_str().split_once("com.amazonaws.")?.1;
        let first = rest.split('.').next()?;
        // What is everywhere has no region in its name.
        let region = first.parse::<Region>().ok()?;
        regions::check(&region).ok().map(|()| first)
    };
    service
        .region()
        .or_else(of_aws)
        .filter(|there| *there != ours.as_str())
}

fn of_interface(service: &ServiceName, settings: &EndpointSettings) -> Vec<Refusal> {
    let EndpointSettings {
        subnets,
        route_tables,
        policy,
        ..
    } = settings;
    let mut refusals = Vec::new();
    let mut refuse = |field, why: &str| refusals.push(Refusal::new(field, why));
    if subnets.is_empty() {
        refuse(
            "subnets",
            "an interface endpoint has an address in one subnet or more: write them, one per zone",
        );
    }
    if !route_tables.is_empty() {
        refuse(
            "route_tables",
            "no route leads to an interface endpoint: leave this argument out, or set type = \"gateway\" for S3 and DynamoDB",
        );
    }
    if policy.is_some() && !is_own(service) {
        refuse(
            "policy",
            "only AWS's own services have policies of endpoints: leave this argument out",
        );
    }
    refusals
}

fn of_gateway(service: &ServiceName, settings: &EndpointSettings) -> Vec<Refusal> {
    let EndpointSettings {
        subnets,
        route_tables,
        security_groups,
        private_dns,
        ..
    } = settings;
    let mut refusals = Vec::new();
    let mut refuse = |field, why: &str| refusals.push(Refusal::new(field, why));
    let last = service.as_str().rsplit('.').next().unwrap_or_default();
    if !is_own(service) || !GATEWAYS.contains(&last) {
        refuse(
            "kind",
            "only S3 and DynamoDB have gateways (com.amazonaws.REGION.s3, com.amazonaws.REGION.s3express, com.amazonaws.REGION.dynamodb): leave type out",
        );
    }
    if route_tables.is_empty() {
        refuse(
            "route_tables",
            "a gateway is reached by routes: write the route tables that shall lead to it",
        );
    }
    if !subnets.is_empty() {
        refuse(
            "subnets",
            "a gateway has no address in a subnet: write route_tables instead",
        );
    }
    if !security_groups.is_empty() {
        refuse(
            "security_groups",
            "a gateway has no security groups: allow its prefix_list in those of whatever uses it",
        );
    }
    if *private_dns {
        refuse(
            "private_dns",
            "a gateway has no names of its own: the service's names stay as they are, and routes lead there",
        );
    }
    refusals
}

fn of_other_clouds(wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
    let settings = &wanted.settings;
    let given = [
        (
            "address",
            wanted.address.is_some(),
            "AWS chooses the addresses of an endpoint",
        ),
        (
            "sub_resources",
            !wanted.sub_resources.is_empty(),
            "services of AWS have no parts to choose from",
        ),
        (
            "dns_zones",
            !settings.dns_zones.is_empty(),
            "AWS keeps the names of an endpoint itself: set private_dns = true where the service's own names shall lead to it",
        ),
        (
            "global_access",
            settings.global_access,
            "an endpoint of AWS is reached from wherever its network is",
        ),
        (
            "request_message",
            settings.request_message.is_some(),
            "AWS tells the owner of a service nothing but who asks",
        ),
    ];
    let given = given.into_iter().filter(|(_, given, _)| *given);
    given
        .map(|(field, _, why)| Refusal::new(field, format!("{why}: leave this argument out")))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clouds::Tags;

    use super::*;

    const HERE: &str = "com.amazonaws.vpce.eu-west-1.vpce-svc-0abc1234";

    fn fields(refusals: &[Refusal]) -> Vec<&str> {
        refusals.iter().map(|refusal| refusal.field).collect()
    }

    fn interface(service: &str) -> NewPrivateEndpoint {
        NewPrivateEndpoint {
            name: "acme".parse().unwrap(),
            service: service.parse().unwrap(),
            kind: EndpointType::Interface,
            network: "vpc-0abc1234".parse().ok(),
            address: None,
            sub_resources: BTreeSet::new(),
            settings: EndpointSettings {
                subnets: ["subnet-0abc1234".parse().unwrap()].into(),
                security_groups: ["sg-0abc1234".parse().unwrap()].into(),
                ..EndpointSettings::default()
            },
            tags: Tags::new(),
        }
    }

    fn refused(wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
        endpoint(&"eu-west-1".parse().unwrap(), wanted)
    }

    #[test]
    fn a_service_of_another_region_is_not_reached() {
        assert_eq!(refused(&interface(HERE)), []);
        assert_eq!(refused(&interface("com.amazonaws.eu-west-1.sts")), []);
        assert_eq!(
            refused(&interface("com.amazonaws.s3-global.accesspoint")),
            []
        );
        for other in [
            "com.amazonaws.vpce.us-east-1.vpce-svc-0abc1234",
            "com.amazonaws.us-east-1.sts",
        ] {
            let [said] = &refused(&interface(other))[..] else {
                panic!("{other}")
            };
            assert_eq!(said.field, "service");
            let words = format!(
                "{other:?} is a service of us-east-1, and this provider works in eu-west-1"
            );
            assert!(said.reason.starts_with(&words), "{said}");
        }
        let google = interface("projects/acme-prod/regions/europe-west4/serviceAttachments/api");
        assert_eq!(fields(&refused(&google)), ["service"]);
    }

    #[test]
    fn interfaces_and_gateways_have_each_their_own() {
        let mut wanted = interface(HERE);
        wanted.network = None;
        wanted.settings.subnets.clear();
        wanted.settings.security_groups.clear();
        wanted.settings.route_tables = ["rtb-0abc1234".parse().unwrap()].into();
        wanted.settings.policy = "{}".parse().ok();
        let names = ["network", "subnets", "route_tables", "policy"];
        assert_eq!(fields(&refused(&wanted)), names);

        wanted.network = "projects/acme-prod/global/networks/main".parse().ok();
        wanted.service = "com.amazonaws.eu-west-1.s3".parse().unwrap();
        wanted.kind = EndpointType::Gateway;
        assert_eq!(fields(&refused(&wanted)), ["network"]);
        wanted.service = "com.amazonaws.eu-west-1.s3express".parse().unwrap();
        assert_eq!(fields(&refused(&wanted)), ["network"]);
        wanted.settings = EndpointSettings {
            private_dns: true,
            ..interface(HERE).settings
        };
        wanted.service = "com.amazonaws.eu-west-1.sqs".parse().unwrap();
        let names = [
            "network",
            "kind",
            "route_tables",
            "subnets",
            "security_groups",
            "private_dns",
        ];
        assert_eq!(fields(&refused(&wanted)), names);
    }

    #[test]
    fn what_only_other_clouds_have() {
        let mut wanted = interface(HERE);
        wanted.address = "10.0.0.7".parse().ok();
        wanted.sub_resources = ["blob".to_owned()].into();
        wanted.settings.dns_zones = ["/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme/providers/Microsoft.Network/privateDnsZones/a.example".parse().unwrap()].into();
        wanted.settings.global_access = true;
        wanted.settings.request_message = Some("hello".into());
        let names = [
            "address",
            "sub_resources",
            "dns_zones",
            "global_access",
            "request_message",
        ];
        assert_eq!(fields(&refused(&wanted)), names);
    }

    #[test]
    fn services_have_principals_and_balancers_of_aws() {
        let mut wanted = NewPrivateService {
            name: "acme".parse().unwrap(),
            settings: ServiceSettings {
                load_balancer: "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9188".parse().unwrap(),
                subnets: BTreeSet::new(),
                allowed: ["*", "arn:aws:iam::123456789012:root"].map(|one| one.parse().unwrap()).into(),
                auto_accept: false,
                accepted: ["vpce-0abc1234".parse().unwrap()].into(),
                rejected: BTreeSet::new(),
                connection_limit: None,
                private_dns_name: None,
            },
            tags: Tags::new(),
        };
        let refused = |wanted: &NewPrivateService| service(&"eu-west-1".parse().unwrap(), wanted);
        assert_eq!(refused(&wanted), []);
        wanted.settings.allowed = ["projects/acme-prod".parse().unwrap()].into();
        wanted.settings.rejected =
            ["projects/p/regions/r/forwardingRules/f".parse().unwrap()].into();
        wanted.settings.subnets = ["subnet-0abc1234".parse().unwrap()].into();
        wanted.settings.connection_limit = Some(3);
        wanted.settings.load_balancer = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9188".parse().unwrap();
        let names = [
            "load_balancer",
            "subnets",
            "allowed",
            "rejected",
            "connection_limit",
        ];
        assert_eq!(fields(&refused(&wanted)), names);
        let said = refused(&wanted)[2].to_string();
        assert!(
            said.contains("\"projects/acme-prod\" is no principal of AWS"),
            "{said}"
        );
    }
}
