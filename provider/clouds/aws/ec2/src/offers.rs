//! What a service is to this account, before an endpoint of it is made.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{ServiceDetail, ServiceType, ServiceTypeDetail};
use clouds::private_endpoints::{EndpointType, ServiceName, ServiceOffer};
use clouds::private_services::VerificationState;
use clouds::{Call, Error, Optional, Result};
use clouds_aws::Session;
use clouds_aws::error::{Classify, invalid};

use crate::states;

const DESCRIBE: &str = "ec2:DescribeVpcEndpointServices";

/// A service, as EC2 describes it.
pub(crate) struct Offer {
    /// What it is to this account.
    pub(crate) told: ServiceOffer,
    /// Whether it has gateways and interfaces. To those of a network without a resolver's inbound endpoint its names lead only when asked.
    pub(crate) has_both: bool,
}

/// `NotFound` says who has to let this account see it: to whoever may not ask, a service is none.
pub(crate) async fn offer(
    ec2: &Client,
    session: &Session,
    service: &ServiceName,
    kind: EndpointType,
) -> Result<Offer> {
    let details = details(ec2, service).await?;
    if details.is_empty() {
        let why = format!(
            "AWS knows no such service in {} for this account: its owner must allow it (`allowed_principals`), and it must be of this \
             region",
            session.region()
        );
        return Err(Error::NotFound(Box::new(
            Call::new(DESCRIBE, service).because(why),
        )));
    }
    let wanted = match kind {
        EndpointType::Interface => ServiceType::Interface,
        EndpointType::Gateway => ServiceType::Gateway,
    };
    let fits = |detail: &&ServiceDetail| {
        let mut kinds = detail.service_type().iter();
        kinds.any(|kind| kind.service_type() == Some(&wanted))
    };
    let Some(found) = details.iter().find(fits) else {
        let why = format!("it has no endpoints of type {kind}");
        return Err(invalid(DESCRIBE, service, why));
    };
    let state = found
        .private_dns_name_verification_state()
        .map(states::verification);
    let state = state.transpose().classify(DESCRIBE, service)?;
    Ok(Offer {
        told: ServiceOffer {
            zones: found.availability_zone_ids().iter().cloned().collect(),
            acceptance: found.acceptance_required().unwrap_or_default(),
            // AWS proves the names of its own services to nobody.
            private_dns: found
                .private_dns_name()
                .map(|_| state.unwrap_or(VerificationState::Verified)),
            owner: found.owner().map(str::to_owned),
        },
        has_both: has_both(&details),
    })
}

/// Whether endpoints of both types lead to it.
pub(crate) async fn is_of_both_types(ec2: &Client, service: &ServiceName) -> Result<bool> {
    Ok(has_both(&details(ec2, service).await?))
}

fn has_both(details: &[ServiceDetail]) -> bool {
    let kinds = details.iter().flat_map(ServiceDetail::service_type);
    let kinds: Vec<_> = kinds.filter_map(ServiceTypeDetail::service_type).collect();
    [ServiceType::Interface, ServiceType::Gateway]
        .iter()
        .all(|kind| kinds.contains(&kind))
}

/// Whether this account still sees the service.
pub(crate) async fn is_offered(ec2: &Client, service: &ServiceName) -> Result<bool> {
    Ok(!details(ec2, service).await?.is_empty())
}

/// S3 has two: one for each type of endpoint.
async fn details(ec2: &Client, service: &ServiceName) -> Result<Vec<ServiceDetail>> {
    let mut details = Vec::new();
    let mut next = None;
    loop {
        let request = ec2.describe_vpc_endpoint_services();
        let request = request.service_names(service.as_str());
        let sent = request.set_next_token(next).send().await;
        let Some(answer) = sent.classify(DESCRIBE, service).optional()? else {
            return Ok(Vec::new());
        };
        details.extend(answer.service_details.into_iter().flatten());
        next = answer.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(details);
        }
    }
}
