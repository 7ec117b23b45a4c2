//! What the arguments of a private endpoint say, in the types of the capability.

use std::collections::BTreeSet;

use clouds::{
    policies::PolicyDocument,
    private_endpoints::{
        EndpointDefaults, EndpointSettings, EndpointType, NetworkId, NewPrivateEndpoint,
        PrivateEndpointName, PrivateEndpoints, ServiceName,
    },
    tags::Tags,
};
use framework::{Result, Set, Text, Value};

use super::{PrivateEndpointId, PrivateEndpointModel};
use crate::{client::Client, refusals};

/// Fields of a private endpoint's types that are another argument.
pub(super) const RENAMED: &[(&str, &str)] = &[("service", "service_name"), ("kind", "type")];

/// A service of each form in the region `*`, to ask about the rest of an endpoint whose own one is made by the same apply.
const SERVICES: [&str; 7] = [
    "com.amazonaws.vpce.*.vpce-svc-00000000",
    "com.amazonaws.*.s3",
    "projects/not-known-yet/regions/*/serviceAttachments/not-known-yet",
    "all-apis",
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/not-known-yet/providers/Microsoft.Network/privateLinkServices/not-known-yet",
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/not-known-yet/providers/Microsoft.Storage/storageAccounts/notknownyet",
    "not-known-yet.00000000-0000-0000-0000-000000000000.*.azure.privatelinkservice",
];

/// The elements of a set; none while it is unknown.
fn set<T: Ord + Clone>(values: &Value<Set<Text<T>>>) -> BTreeSet<T> {
    let known = values.known().into_iter().flatten();
    known.map(|value| T::clone(value)).collect()
}

/// Whether a policy is the cloud's default, which is read back in one form however it was written: with a version, or without.
pub(super) fn is_default(policy: Option<&PolicyDocument>, default: &PolicyDocument) -> bool {
    policy.is_some_and(|policy| policy.statements() == default.statements())
}

impl PrivateEndpointModel {
    pub(super) fn endpoint_id(&self) -> Result<PrivateEndpointId> {
        Ok(self.id.get()?.parse()?)
    }

    /// What the configuration leaves to this cloud.
    pub(super) fn fill_in(&mut self, config: &Self, endpoints: &dyn PrivateEndpoints) {
        let defaults = match (&self.service_name, &self.r#type) {
            (Value::Known(service), Value::Known(kind)) => {
                Value::Known(endpoints.defaults(service, **kind))
            }
            _ => Value::Unknown,
        };
        if config.private_dns.is_null() {
            self.private_dns = defaults.as_ref().map(|of| of.private_dns);
        }
        if config.policy.is_null() {
            self.policy = match defaults {
                Value::Known(EndpointDefaults { policy, .. }) => policy.map(Text::from).into(),
                Value::Null | Value::Unknown => Value::Unknown,
            };
        }
    }

    /// Refuses what this cloud does not take, as far as it is known.
    pub(super) fn check(&self, client: &Client, prior: Option<&Self>) -> Result<()> {
        let endpoints = &client.clouds()?.private_endpoints;
        let mut asked = self.clone();
        asked.name = refusals::named(&self.name, refusals::STAND_IN)?;
        let kinds = match &self.r#type {
            Value::Known(kind) => vec![**kind],
            Value::Null | Value::Unknown => EndpointType::ALL.to_vec(),
        };
        let mut refused = Vec::new();
        for stand_in in SERVICES {
            let stand_in = refusals::here(client, stand_in);
            asked.service_name = refusals::named(&self.service_name, &stand_in)?;
            for kind in &kinds {
                asked.r#type = (*kind).into();
                refused.push(endpoints.check(&asked.wanted(Tags::new())?));
            }
        }
        let refused = refusals::whatever(&["service", "kind"], &refused);
        refusals::none_of(refused, RENAMED, prior, self)
    }

    /// What is unknown is as if it were left out.
    pub(super) fn wanted(&self, tags: Tags) -> Result<NewPrivateEndpoint> {
        let sub_resources = self.sub_resources.known().into_iter().flatten();
        Ok(NewPrivateEndpoint {
            name: PrivateEndpointName::clone(self.name.get()?),
            service: ServiceName::clone(self.service_name.get()?),
            kind: self
                .r#type
                .known()
                .map_or(EndpointType::Interface, |kind| **kind),
            network: self
                .network
                .known()
                .map(|network| NetworkId::clone(network)),
            address: self.address.known().map(|address| **address),
            sub_resources: sub_resources.cloned().collect(),
            settings: EndpointSettings {
                subnets: set(&self.subnets),
                route_tables: set(&self.route_tables),
                security_groups: set(&self.security_groups),
                policy: self
                    .policy
                    .known()
                    .map(|policy| PolicyDocument::clone(policy)),
                private_dns: self.private_dns == Value::Known(true),
                dns_zones: set(&self.dns_zones),
                global_access: self.global_access == Value::Known(true),
                request_message: self.request_message.known().cloned(),
            },
            tags,
        })
    }
}
