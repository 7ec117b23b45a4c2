//! Who may ask for connections to a private service.

use std::collections::BTreeSet;

use aws_sdk_ec2::Client;
use clouds::Result;
use clouds::private_services::PrincipalPattern;
use clouds_aws::error::{Classify, invalid};

/// All who may.
pub(crate) async fn allowed(ec2: &Client, id: &str) -> Result<BTreeSet<PrincipalPattern>> {
    let call = ("ec2:DescribeVpcEndpointServicePermissions", id);
    let request = ec2.describe_vpc_endpoint_service_permissions();
    let mut pages = request.service_id(id).into_paginator().send();
    let mut allowed = BTreeSet::new();
    while let Some(page) = pages.next().await {
        for found in page.classify(call.0, call.1)?.allowed_principals() {
            let principal = found.principal().unwrap_or_default();
            // Left out, somebody would be let in whom nobody sees.
            let parsed = principal.parse().map_err(|_| {
                let why = format!(
                    "{principal:?} may ask for connections, which is none that can be managed here: take it away with `aws ec2 \
                     modify-vpc-endpoint-service-permissions --service-id {id} --remove-allowed-principals {principal}`"
                );
                invalid(call.0, call.1, why)
            });
            allowed.insert(parsed?);
        }
    }
    Ok(allowed)
}

/// Sets what differs.
pub(crate) async fn change(
    ec2: &Client,
    id: &str,
    found: &BTreeSet<PrincipalPattern>,
    wanted: &BTreeSet<PrincipalPattern>,
) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    let listed = |of: &BTreeSet<PrincipalPattern>, without: &BTreeSet<PrincipalPattern>| {
        let texts: Vec<_> = of.difference(without).map(ToString::to_string).collect();
        (!texts.is_empty()).then_some(texts)
    };
    let request = ec2.modify_vpc_endpoint_service_permissions().service_id(id);
    let sent = request
        .set_add_allowed_principals(listed(wanted, found))
        .set_remove_allowed_principals(listed(found, wanted))
        .send()
        .await;
    sent.classify("ec2:ModifyVpcEndpointServicePermissions", id)?;
    Ok(())
}
