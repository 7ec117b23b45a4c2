//! Who may ask for connections to a private service.

use std::collections::BTreeSet;

use aws_sdk_ec2::Client;
use clouds::Result;
use clouds::private_services::{PrincipalPattern, PrivateService};
use clouds_aws::error::Classify;

/// All who may.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    /// Those that can be managed here.
    pub(crate) known: BTreeSet<PrincipalPattern>,
    /// All others, as EC2 writes them. Left out, somebody would be let in whom nobody sees.
    pub(crate) foreign: BTreeSet<String>,
}

pub(crate) async fn allowed(ec2: &Client, id: &str) -> Result<Allowed> {
    let call = ("ec2:DescribeVpcEndpointServicePermissions", id);
    let request = ec2.describe_vpc_endpoint_service_permissions();
    let mut pages = request.service_id(id).into_paginator().send();
    let mut allowed = Allowed::default();
    while let Some(page) = pages.next().await {
        for found in page.classify(call.0, call.1)?.allowed_principals() {
            let principal = found.principal().unwrap_or_default();
            match principal.parse() {
                Ok(known) => allowed.known.insert(known),
                Err(_) => allowed.foreign.insert(principal.to_owned()),
            };
        }
    }
    Ok(allowed)
}

/// Sets what differs.
pub(crate) async fn change(
    ec2: &Client,
    found: &PrivateService,
    wanted: &BTreeSet<PrincipalPattern>,
) -> Result<()> {
    let (id, allowed) = (found.id.as_str(), &found.settings.allowed);
    let texts = |of: &BTreeSet<PrincipalPattern>, without| {
        let texts = of.difference(without).map(ToString::to_string);
        texts.collect::<Vec<_>>()
    };
    let added = texts(wanted, allowed);
    let mut removed = texts(allowed, wanted);
    removed.extend(found.foreign_principals.iter().cloned());
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    let listed = |texts: Vec<String>| (!texts.is_empty()).then_some(texts);
    let request = ec2.modify_vpc_endpoint_service_permissions().service_id(id);
    let sent = request
        .set_add_allowed_principals(listed(added))
        .set_remove_allowed_principals(listed(removed))
        .send()
        .await;
    sent.classify("ec2:ModifyVpcEndpointServicePermissions", id)?;
    Ok(())
}
