//! Private endpoints: VPC endpoints, of type interface or gateway.
//!
//! Calls: `service` 1; `create` 3 to 6 (a gateway 3); `get` 1, and 1 for what an endpoint has once it is available (addresses, or the prefix list of
//! a gateway); `find` the same (1 where there is none); `configure` 0 or 1 (3 for private DNS); `set_tags` 0 to 2; `delete` 1.

use std::collections::BTreeSet;
use std::net::IpAddr;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, ResourceType, VpcEndpoint, VpcEndpointType};
use clouds::private_endpoints::{
    EndpointDefaults, EndpointSettings, EndpointType, NewPrivateEndpoint, PrivateEndpoint,
    PrivateEndpointId, PrivateEndpointName, PrivateEndpoints, ServiceName, ServiceOffer,
};
use clouds::private_services::{ConnectionState, VerificationState};
use clouds::tags::PRIVATE_ENDPOINT;
use clouds::{Optional, Refusal, Result, Tags};
use clouds_aws::error::{Classify, invalid, not_found};
use futures::try_join;

use crate::{
    Ec2, all_done, client_token, dns, endpoint_settings, limits, marks, offers, parsed, states,
    subnets,
};

const DESCRIBE: &str = "ec2:DescribeVpcEndpoints";
const CREATE: &str = "ec2:CreateVpcEndpoint";

#[async_trait]
impl PrivateEndpoints for Ec2 {
    fn check(&self, wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
        limits::endpoint(self.session.region(), wanted)
    }

    fn replaces(&self) -> &'static [&'static str] {
        &[]
    }

    fn renames(&self) -> bool {
        true
    }

    fn defaults(&self, service: &ServiceName, kind: EndpointType) -> EndpointDefaults {
        let own = limits::is_own(service);
        EndpointDefaults {
            private_dns: own && kind == EndpointType::Interface,
            policy: own.then(endpoint_settings::full_access),
        }
    }

    async fn service(&self, service: &ServiceName, kind: EndpointType) -> Result<ServiceOffer> {
        let offer = offers::offer(self.client().await?, &self.session, service, kind).await?;
        Ok(offer.told)
    }

    async fn create(&self, new: &NewPrivateEndpoint) -> Result<PrivateEndpoint> {
        let ec2 = self.client().await?;
        if let Some(taken) = ours(ec2, new).await?.first() {
            return Err(marks::taken(CREATE, &new.name, id(taken)));
        }
        let offer = offers::offer(ec2, &self.session, &new.service, new.kind).await?;
        let network = new.network.as_ref();
        let network = network.ok_or_else(|| invalid(CREATE, &new.name, "it has no VPC"))?;
        subnets::check(ec2, new, &offer.told).await?;
        let settings = &new.settings;
        if settings.private_dns {
            check_name(new, &offer.told)?;
            subnets::check_dns(ec2, network).await?;
        }
        let name = new.name.as_str();
        let (kind, private_dns) = match new.kind {
            EndpointType::Interface => {
                let now = settings.private_dns && !offer.told.acceptance;
                (VpcEndpointType::Interface, Some(now))
            }
            EndpointType::Gateway => (VpcEndpointType::Gateway, None),
        };
        let everywhere = private_dns == Some(true) && offer.has_both;
        let policy = settings.policy.as_ref();
        let policy = policy.filter(|policy| !endpoint_settings::is_full_access(policy));
        let sent = ec2
            .create_vpc_endpoint()
            .vpc_endpoint_type(kind)
            .vpc_id(network.as_str())
            .service_name(new.service.as_str())
            .set_subnet_ids(endpoint_settings::listed(&settings.subnets))
            .set_route_table_ids(endpoint_settings::listed(&settings.route_tables))
            .set_security_group_ids(endpoint_settings::listed(&settings.security_groups))
            .set_policy_document(policy.map(ToString::to_string))
            .set_private_dns_enabled(private_dns)
            .set_dns_options(everywhere.then(endpoint_settings::names_everywhere))
            .tag_specifications(marks::specification(
                ResourceType::VpcEndpoint,
                &new.tags,
                name,
            ))
            .client_token(client_token())
            .send()
            .await;
        let answer = sent.classify(CREATE, name)?;
        let made = answer
            .vpc_endpoint()
            .ok_or_else(|| not_found(CREATE, name))?;
        Ok(PrivateEndpoint {
            name: new.name.clone(),
            tags: new.tags.clone(),
            // Another call that fails now would lose what was made.
            ..endpoint(CREATE, made)?
        })
    }

    async fn find(&self, wanted: &NewPrivateEndpoint) -> Result<PrivateEndpoint> {
        let ec2 = self.client().await?;
        let found = marks::only(DESCRIBE, &wanted.name, ours(ec2, wanted).await?, id)?;
        complete(ec2, &found).await
    }

    async fn get(&self, id: &PrivateEndpointId) -> Result<PrivateEndpoint> {
        let ec2 = self.client().await?;
        let request = ec2.describe_vpc_endpoints();
        let sent = request.vpc_endpoint_ids(known(DESCRIBE, id)?).send().await;
        let answer = sent.classify(DESCRIBE, id)?;
        let found = answer.vpc_endpoints().first();
        complete(ec2, found.ok_or_else(|| not_found(DESCRIBE, id))?).await
    }

    async fn configure(&self, found: &PrivateEndpoint, wanted: &EndpointSettings) -> Result<()> {
        endpoint_settings::change(self.client().await?, found, wanted).await
    }

    async fn set_tags(&self, found: &PrivateEndpoint, tags: &Tags) -> Result<()> {
        let ec2 = self.client().await?;
        let (id, name) = (found.id.as_str(), found.name.as_str());
        marks::change(ec2, (PRIVATE_ENDPOINT, id, name), &found.tags, tags).await
    }

    async fn delete(&self, id: &PrivateEndpointId) -> Result<()> {
        let ec2 = self.client().await?;
        let call = "ec2:DeleteVpcEndpoints";
        let request = ec2.delete_vpc_endpoints();
        let sent = request.vpc_endpoint_ids(known(call, id)?).send().await;
        let answer = sent.classify(call, id)?;
        all_done(call, id, &answer, answer.unsuccessful())
    }

    fn acceptance(&self, endpoint: &PrivateEndpoint) -> String {
        let service = endpoint.service.as_str();
        let id = service.rsplit('.').next().unwrap_or(service);
        format!(
            "The owner of {service} must accept {connection}: add it to accepted_connections of their dataplane_private_service, or run \
             `aws ec2 accept-vpc-endpoint-connections --region {region} --service-id {id} --vpc-endpoint-ids {connection}`. AWS \
             forgets a request after 7 days.",
            connection = endpoint.connection,
            region = self.session.region(),
        )
    }
}

/// An id that EC2 could have given: it calls others malformed, and there is nothing by them.
fn known<'i>(call: &str, id: &'i PrivateEndpointId) -> Result<&'i str> {
    let text = id.as_str();
    if text.starts_with("vpce-") && !text.starts_with("vpce-svc-") {
        Ok(text)
    } else {
        Err(not_found(call, id))
    }
}

fn id(found: &VpcEndpoint) -> &str {
    found.vpc_endpoint_id().unwrap_or_default()
}

/// Those that bear the marks of a wanted one, without those that are going away.
async fn ours(ec2: &Client, wanted: &NewPrivateEndpoint) -> Result<Vec<VpcEndpoint>> {
    let Some(filters) = marks::filters(&wanted.tags) else {
        return Ok(Vec::new());
    };
    let request = ec2.describe_vpc_endpoints().set_filters(Some(filters));
    let mut pages = request.into_paginator().send();
    let mut ours = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.classify(DESCRIBE, &wanted.name)?;
        let found = page.vpc_endpoints.into_iter().flatten();
        ours.extend(found.filter(|one| {
            let state = one.state().map(states::endpoint);
            let going = matches!(state, Some(Ok(None | Some(ConnectionState::Deleting))));
            !going && marks::bears(one.tags(), &wanted.tags)
        }));
    }
    Ok(ours)
}

/// That the service has a private name, which was proved where it is needed at once.
fn check_name(new: &NewPrivateEndpoint, offer: &ServiceOffer) -> Result<()> {
    let why = match offer.private_dns {
        None => "has no private DNS name: set private_dns = false",
        Some(VerificationState::Verified) => return Ok(()),
        Some(_) if offer.acceptance => return Ok(()),
        Some(_) => {
            "has a private DNS name that its owner has not proved to AWS yet: wait for that, or set private_dns = false"
        }
    };
    let why = format!("{} {why}", new.service);
    Err(invalid(CREATE, &new.name, why))
}

/// With what other calls say about it.
async fn complete(ec2: &Client, found: &VpcEndpoint) -> Result<PrivateEndpoint> {
    let read = endpoint(DESCRIBE, found)?;
    let available = read.state == ConnectionState::Available;
    let addresses = async {
        let any = available && !found.network_interface_ids().is_empty();
        if any {
            addresses(ec2, found).await
        } else {
            Ok(Vec::new())
        }
    };
    let prefix_list = async {
        let gateway = available && read.kind == EndpointType::Gateway;
        if gateway {
            prefix_list(ec2, &read).await
        } else {
            Ok(None)
        }
    };
    // A connection whose service is gone has failed, as far as EC2 tells; nobody can let it in again.
    let state = async {
        let lost = read.state == ConnectionState::Failed
            && !limits::is_own(&read.service)
            && !offers::is_offered(ec2, &read.service).await?;
        Ok(if lost {
            ConnectionState::Closed
        } else {
            read.state
        })
    };
    let (addresses, prefix_list, state) = try_join!(addresses, prefix_list, state)?;
    Ok(PrivateEndpoint {
        addresses,
        prefix_list,
        state,
        ..read
    })
}

async fn addresses(ec2: &Client, found: &VpcEndpoint) -> Result<Vec<IpAddr>> {
    let call = ("ec2:DescribeNetworkInterfaces", id(found));
    let ids = found.network_interface_ids().to_vec();
    let request = ec2.describe_network_interfaces();
    let sent = request.set_network_interface_ids(Some(ids)).send().await;
    // One that goes away right now is not there any more.
    let answer = sent.classify(call.0, call.1).optional()?;
    let mut addresses = Vec::new();
    let interfaces = answer.and_then(|answer| answer.network_interfaces);
    for interface in interfaces.iter().flatten() {
        if let Some(address) = interface.private_ip_address() {
            let why = |_| invalid(call.0, call.1, format!("{address:?} is no address"));
            addresses.push(address.parse().map_err(why)?);
        }
    }
    addresses.sort();
    Ok(addresses)
}

/// The list of a service's addresses, as rules of security groups name it.
async fn prefix_list(ec2: &Client, read: &PrivateEndpoint) -> Result<Option<String>> {
    let name = read.service.as_str();
    let filter = Filter::builder().name("prefix-list-name").values(name);
    let request = ec2.describe_prefix_lists().filters(filter.build());
    let answer = request.send().await;
    let answer = answer.classify("ec2:DescribePrefixLists", name)?;
    let mut lists = answer.prefix_lists().iter();
    let found = lists.find(|list| list.prefix_list_name() == Some(name));
    Ok(found.and_then(|list| list.prefix_list_id().map(str::to_owned)))
}

fn endpoint(call: &str, found: &VpcEndpoint) -> Result<PrivateEndpoint> {
    let id = id(found);
    let kind = match found.vpc_endpoint_type() {
        Some(VpcEndpointType::Interface) => EndpointType::Interface,
        Some(VpcEndpointType::Gateway) => EndpointType::Gateway,
        other => {
            let other = other.map_or("none that is told", VpcEndpointType::as_str);
            return Err(invalid(
                call,
                id,
                format!("its type is {other}, which is not managed here"),
            ));
        }
    };
    let state = found.state().map(states::endpoint).transpose();
    let state = state.classify(call, id)?.flatten();
    let state = state.ok_or_else(|| not_found(call, id))?;
    let is_name = |name: &str| name.parse::<PrivateEndpointName>().is_ok();
    let (tags, name) = marks::read(found.tags(), PRIVATE_ENDPOINT, id, is_name);
    let network = found.vpc_id().map(|text| parsed(call, id, text));
    let service = found.service_name().unwrap_or_default();
    let service: ServiceName = parsed(call, id, service)?;
    let settings = endpoint_settings::read(found, &service).classify(call, id)?;
    let error = found.last_error().and_then(|error| error.message());
    Ok(PrivateEndpoint {
        id: parsed(call, id, id)?,
        name: parsed(call, id, &name)?,
        kind,
        network: network.transpose()?,
        address: None,
        sub_resources: BTreeSet::new(),
        connection: parsed(call, id, id)?,
        state,
        reason: error.or(found.failure_reason()).map(str::to_owned),
        private_dns_active: settings.private_dns && state == ConnectionState::Available,
        settings,
        addresses: Vec::new(),
        dns: dns::entries(found),
        prefix_list: None,
        untold: &[],
        service,
        tags,
    })
}
