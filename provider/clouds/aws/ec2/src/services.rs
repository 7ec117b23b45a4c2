//! Private services: endpoint services of `PrivateLink`.
//!
//! Calls: `create` 2; `find` 3, two of them at once (1 where there is none); `get` 3, all at once; `configure` 0 to 3; `answer` and
//! `verify` 1; `set_tags` 0 to 2; `delete` 1.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, ResourceType, ServiceConfiguration, VpcEndpointConnection};
use clouds::private_services::{
    Answer, Connection, ConnectionId, ConnectionState, LoadBalancerId, NewPrivateService,
    PrivateService, PrivateServiceId, PrivateServiceName, PrivateServices, ServiceSettings,
    Verification,
};
use clouds::tags::PRIVATE_SERVICE;
use clouds::{Error, Refusal, Result, Tags};
use clouds_aws::error::{Classify, invalid, not_found};
use futures::try_join;

use crate::principals::{self, Allowed};
use crate::{Ec2, all_done, client_token, limits, marks, parsed, states};

const DESCRIBE: &str = "ec2:DescribeVpcEndpointServiceConfigurations";
const CREATE: &str = "ec2:CreateVpcEndpointServiceConfiguration";
const MODIFY: &str = "ec2:ModifyVpcEndpointServiceConfiguration";

#[async_trait]
impl PrivateServices for Ec2 {
    fn check(&self, wanted: &NewPrivateService) -> Vec<Refusal> {
        limits::service(self.session.region(), wanted)
    }

    fn replaces(&self) -> &'static [&'static str] {
        &[]
    }

    fn renames(&self) -> bool {
        true
    }

    async fn create(&self, new: &NewPrivateService) -> Result<PrivateService> {
        let ec2 = self.client().await?;
        if let Some(taken) = ours(ec2, new).await?.first() {
            return Err(marks::taken(CREATE, &new.name, id(taken)));
        }
        let name = new.name.as_str();
        let tags = marks::specification(ResourceType::VpcEndpointService, &new.tags, name);
        let private_name = new.settings.private_dns_name.as_ref();
        let sent = ec2
            .create_vpc_endpoint_service_configuration()
            .acceptance_required(!new.settings.auto_accept)
            .network_load_balancer_arns(new.settings.load_balancer.as_str())
            .supported_ip_address_types("ipv4")
            .set_private_dns_name(private_name.map(ToString::to_string))
            .tag_specifications(tags)
            .client_token(client_token())
            .send()
            .await;
        let answer = sent.classify(CREATE, name)?;
        let made = answer.service_configuration();
        let made = made.ok_or_else(|| not_found(CREATE, name))?;
        Ok(PrivateService {
            name: new.name.clone(),
            tags: new.tags.clone(),
            ..service(CREATE, made, Allowed::default(), Vec::new())?
        })
    }

    async fn find(&self, wanted: &NewPrivateService) -> Result<PrivateService> {
        let ec2 = self.client().await?;
        let found = marks::only(DESCRIBE, &wanted.name, ours(ec2, wanted).await?, id)?;
        let (allowed, connections) = try_join!(
            principals::allowed(ec2, id(&found)),
            connections(ec2, id(&found))
        )?;
        service(DESCRIBE, &found, allowed, connections)
    }

    async fn get(&self, service_id: &PrivateServiceId) -> Result<PrivateService> {
        let ec2 = self.client().await?;
        let id = service_id.as_str();
        let described = async {
            let request = ec2.describe_vpc_endpoint_service_configurations();
            let sent = request.service_ids(known(DESCRIBE, service_id)?).send();
            let mut answer = sent.await.classify(DESCRIBE, id)?;
            let found = answer.service_configurations.take();
            let mut found = found.into_iter().flatten().filter(is_there);
            found.next().ok_or_else(|| not_found(DESCRIBE, id))
        };
        // What is asked beside it knows nothing either of one that is gone, and would say so in its own words.
        let (found, (allowed, connections)) = try_join!(described, async {
            try_join!(principals::allowed(ec2, id), connections(ec2, id))
        })?;
        service(DESCRIBE, &found, allowed, connections)
    }

    async fn configure(&self, found: &PrivateService, wanted: &ServiceSettings) -> Result<()> {
        let ec2 = self.client().await?;
        let allowed = || principals::change(ec2, found, &wanted.allowed);
        // Nobody is let in unasked meanwhile who should be asked about or kept out.
        if wanted.auto_accept {
            allowed().await?;
            modify(ec2, found, wanted).await
        } else {
            modify(ec2, found, wanted).await?;
            allowed().await
        }
    }

    async fn answer(
        &self,
        found: &PrivateService,
        connection: &ConnectionId,
        answer: Answer,
    ) -> Result<()> {
        let ec2 = self.client().await?;
        let (service, endpoint) = (found.id.as_str(), connection.as_str());
        match answer {
            Answer::Accept => {
                let call = "ec2:AcceptVpcEndpointConnections";
                let request = ec2.accept_vpc_endpoint_connections().service_id(service);
                let sent = request.vpc_endpoint_ids(endpoint).send().await;
                let answer = sent.classify(call, endpoint)?;
                all_done(call, endpoint, &answer, answer.unsuccessful())
            }
            Answer::Reject => {
                let call = "ec2:RejectVpcEndpointConnections";
                let request = ec2.reject_vpc_endpoint_connections().service_id(service);
                let sent = request.vpc_endpoint_ids(endpoint).send().await;
                let answer = sent.classify(call, endpoint)?;
                all_done(call, endpoint, &answer, answer.unsuccessful())
            }
        }
    }

    async fn verify(&self, found: &PrivateService) -> Result<()> {
        let ec2 = self.client().await?;
        let request = ec2.start_vpc_endpoint_service_private_dns_verification();
        let sent = request.service_id(found.id.as_str()).send().await;
        sent.classify(
            "ec2:StartVpcEndpointServicePrivateDnsVerification",
            &found.id,
        )?;
        Ok(())
    }

    async fn set_tags(&self, found: &PrivateService, tags: &Tags) -> Result<()> {
        let ec2 = self.client().await?;
        let (id, name) = (found.id.as_str(), found.name.as_str());
        marks::change(ec2, (PRIVATE_SERVICE, id, name), &found.tags, tags).await
    }

    async fn delete(&self, id: &PrivateServiceId) -> Result<()> {
        let ec2 = self.client().await?;
        let call = "ec2:DeleteVpcEndpointServiceConfigurations";
        let request = ec2.delete_vpc_endpoint_service_configurations();
        let sent = request.service_ids(known(call, id)?).send().await;
        let answer = sent.classify(call, id)?;
        all_done(call, id, &answer, answer.unsuccessful())
    }
}

/// An id that EC2 could have given: it calls others malformed, and there is nothing by them.
fn known<'i>(call: &str, id: &'i PrivateServiceId) -> Result<&'i str> {
    let text = id.as_str();
    if text.starts_with("vpce-svc-") {
        Ok(text)
    } else {
        Err(not_found(call, id))
    }
}

fn id(found: &ServiceConfiguration) -> &str {
    found.service_id().unwrap_or_default()
}

/// EC2 lists what is deleted for a while.
fn is_there(found: &ServiceConfiguration) -> bool {
    let state = found.service_state().map(states::service);
    !matches!(state, Some(Ok(None)))
}

/// Those that bear the marks of a wanted one, without those that are going away.
async fn ours(ec2: &Client, wanted: &NewPrivateService) -> Result<Vec<ServiceConfiguration>> {
    let Some(filters) = marks::filters(&wanted.tags) else {
        return Ok(Vec::new());
    };
    let request = ec2.describe_vpc_endpoint_service_configurations();
    let mut pages = request.set_filters(Some(filters)).into_paginator().send();
    let mut ours = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.classify(DESCRIBE, &wanted.name)?;
        let found = page.service_configurations.into_iter().flatten();
        ours.extend(found.filter(|one| {
            let deleting = one
                .service_state()
                .is_some_and(|state| state.as_str().eq_ignore_ascii_case("deleting"));
            is_there(one) && !deleting && marks::bears(one.tags(), &wanted.tags)
        }));
    }
    Ok(ours)
}

/// Who asked, and how they stand.
async fn connections(ec2: &Client, id: &str) -> Result<Vec<Connection>> {
    let call = "ec2:DescribeVpcEndpointConnections";
    let filter = Filter::builder().name("service-id").values(id).build();
    let request = ec2.describe_vpc_endpoint_connections().filters(filter);
    let mut pages = request.into_paginator().send();
    let mut connections = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.classify(call, id)?;
        for found in page.vpc_endpoint_connections() {
            connections.push(connection(found).classify(call, id)?);
        }
    }
    connections.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(connections)
}

fn connection(
    found: &VpcEndpointConnection,
) -> std::result::Result<Connection, clouds::ParseError> {
    let state = found.vpc_endpoint_state();
    let state = state.cloned().unwrap_or_else(|| "".into());
    Ok(Connection {
        id: found.vpc_endpoint_id().unwrap_or_default().parse()?,
        owner: found.vpc_endpoint_owner().unwrap_or_default().to_owned(),
        state: states::connection(&state)?,
        // EC2 keeps them from the owner of a service.
        addresses: Vec::new(),
        created: found.creation_timestamp().map(ToString::to_string),
    })
}

/// One call for all that one call changes.
async fn modify(ec2: &Client, service: &PrivateService, wanted: &ServiceSettings) -> Result<()> {
    let (id, found) = (service.id.as_str(), &service.settings);
    let ServiceSettings {
        load_balancer,
        subnets: _,
        allowed: _,
        auto_accept,
        accepted: _,
        rejected: _,
        connection_limit: _,
        private_dns_name,
    } = wanted;
    let mut request = ec2
        .modify_vpc_endpoint_service_configuration()
        .service_id(id);
    let mut differs = false;
    let mut published = service.foreign_load_balancers.clone();
    published.insert(found.load_balancer.clone());
    if !published.remove(load_balancer) {
        differs = true;
        request = request.add_network_load_balancer_arns(load_balancer.as_str());
    }
    if !published.is_empty() {
        differs = true;
        let removed = published.iter().map(ToString::to_string).collect();
        request = request.set_remove_network_load_balancer_arns(Some(removed));
    }
    if found.auto_accept != *auto_accept {
        differs = true;
        request = request.acceptance_required(!auto_accept);
    }
    if found.private_dns_name != *private_dns_name {
        differs = true;
        request = match private_dns_name {
            Some(name) => request.private_dns_name(name.as_str()),
            None => request.remove_private_dns_name(true),
        };
    }
    if !differs {
        return Ok(());
    }
    let sent = request.send().await.classify(MODIFY, id);
    sent.map_err(|error| match error {
        Error::NotEmpty(call) => {
            let said = call.message.clone().unwrap_or_default();
            let why = format!(
                "{}: AWS changes the load balancer of a service only while nobody is connected. Reject the connections first, \
                 or publish another service beside this one and let the consumers move",
                said.trim_end_matches('.')
            );
            Error::NotEmpty(Box::new(call.because(why)))
        }
        other => other,
    })?;
    Ok(())
}

fn service(
    call: &str,
    found: &ServiceConfiguration,
    allowed: Allowed,
    connections: Vec<Connection>,
) -> Result<PrivateService> {
    let id = id(found);
    let is_name = |name: &str| name.parse::<PrivateServiceName>().is_ok();
    let (tags, name) = marks::read(found.tags(), PRIVATE_SERVICE, id, is_name);
    let state = found.service_state().map(states::service).transpose();
    let state = state.classify(call, id)?.flatten();
    let balancers = found.network_load_balancer_arns().iter();
    let balancers = balancers.map(|balancer| parsed(call, id, balancer));
    let mut balancers = balancers.collect::<Result<BTreeSet<LoadBalancerId>>>()?;
    let balancer = balancers.pop_first().ok_or_else(|| {
        let why = "it publishes no Network Load Balancer, and only those are managed here";
        invalid(call, id, why)
    })?;
    let standing = |wanted: &[ConnectionState]| {
        let those = connections.iter().filter(|one| wanted.contains(&one.state));
        those.map(|one| one.id.clone()).collect()
    };
    let private_dns_name = found.private_dns_name().map(|text| parsed(call, id, text));
    let settings = ServiceSettings {
        load_balancer: balancer,
        subnets: BTreeSet::new(),
        allowed: allowed.known,
        auto_accept: !found.acceptance_required().unwrap_or(true),
        accepted: standing(&[ConnectionState::Available, ConnectionState::Pending]),
        rejected: standing(&[ConnectionState::Rejected]),
        connection_limit: None,
        private_dns_name: private_dns_name.transpose()?,
    };
    Ok(PrivateService {
        id: parsed(call, id, id)?,
        name: parsed(call, id, &name)?,
        service_name: found.service_name().unwrap_or_default().to_owned(),
        alias: None,
        state: state.ok_or_else(|| not_found(call, id))?,
        settings,
        foreign_principals: allowed.foreign,
        foreign_load_balancers: balancers,
        connections,
        zones: found.availability_zone_ids().iter().cloned().collect(),
        verification: verification(call, found)?,
        tags,
    })
}

/// The record that EC2 asks for. Its name is a label below the domain that the private DNS name is in.
fn verification(call: &str, found: &ServiceConfiguration) -> Result<Option<Verification>> {
    let Some(asked) = found.private_dns_name_configuration() else {
        return Ok(None);
    };
    let Some(state) = asked.state() else {
        return Ok(None);
    };
    Ok(Some(Verification {
        state: states::verification(state).classify(call, id(found))?,
        kind: asked.r#type().unwrap_or_default().to_owned(),
        name: asked.name().unwrap_or_default().to_owned(),
        value: asked.value().unwrap_or_default().to_owned(),
    }))
}
