//! What was found of a private endpoint, in its model.

use clouds::{policies::PolicyDocument, private_endpoints::DnsEntry};
use framework::{Model, Text, Value};

use super::{ConnectionState, Found, PrivateEndpointModel, PrivateEndpoints, acceptance, shape};
use crate::{client::Client, drift};

/// A name that leads to an endpoint.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct DnsEntryModel {
    /// The name itself.
    #[attr(computed)]
    pub name: Value<String>,
    /// Id of the cloud's zone that the name is in, for an alias record, where the cloud tells.
    #[attr(computed)]
    pub zone: Value<String>,
}

/// An endpoint as it was found, and what its state asks of somebody.
pub(super) struct Seen {
    pub(super) endpoint: Found,
    pub(super) remedy: Option<String>,
}

impl PrivateEndpointModel {
    /// Enters what no argument says and the plan left open.
    pub(super) fn record(&mut self, Seen { endpoint, remedy }: &Seen) {
        self.id = endpoint.id.to_string().into();
        self.connection_id = endpoint.connection.to_string().into();
        drift::fill(&mut self.state, endpoint.state.to_string());
        drift::fill(&mut self.remedy, remedy.clone());
        let addresses = endpoint.addresses.iter().map(ToString::to_string);
        drift::fill(&mut self.addresses, Value::Known(addresses.collect()));
        let entry = |DnsEntry { name, zone }: &DnsEntry| DnsEntryModel {
            name: name.clone().into(),
            zone: zone.clone().into(),
        };
        let dns = endpoint.dns.iter().map(entry);
        drift::fill(&mut self.dns, Value::Known(dns.collect()));
        // Where the cloud does not tell, it is what was said.
        let active = if endpoint.untold.contains(&"private_dns") {
            let said = self.private_dns.known().copied();
            said.map(|wanted| wanted && endpoint.state == ConnectionState::Available)
        } else {
            Some(endpoint.private_dns_active)
        };
        drift::fill(&mut self.private_dns_active, active);
        drift::fill(&mut self.prefix_list, endpoint.prefix_list.clone());
        drift::fill(&mut self.address, endpoint.address.map(Text::from));
        let settings = &endpoint.settings;
        if self.security_groups.is_unknown() {
            let groups = settings.security_groups.iter().cloned().map(Text::from);
            self.security_groups = drift::collection(&Value::Null, groups);
        }
        drift::fill(&mut self.policy, settings.policy.clone().map(Text::from));
        drift::fill(&mut self.private_dns, settings.private_dns);
        self.tags_all = endpoint.tags.clone().into();
    }

    /// Whether the state has this argument at all: what the cloud does not tell, an import leaves out, and no other endpoint comes
    /// by writing it.
    pub(super) fn has(&self, field: &str) -> bool {
        match field {
            "subnets" => !self.subnets.is_null(),
            "private_dns" => !self.private_dns.is_null(),
            _ => true,
        }
    }

    /// What may have been changed by others. Whether private DNS and zones are wanted is a wish as long as the connection does not
    /// work, for the cloud cannot have them before.
    pub(super) fn refresh(
        &mut self,
        client: &Client,
        found: Found,
        endpoints: &dyn PrivateEndpoints,
    ) {
        let imported = self.connection_id.is_null();
        self.state = Value::Unknown;
        self.remedy = Value::Unknown;
        self.addresses = Value::Unknown;
        self.dns = Value::Unknown;
        self.private_dns_active = Value::Unknown;
        self.prefix_list = Value::Unknown;
        let again = self.recreate_closed == Value::Known(true);
        let seen = Seen {
            remedy: acceptance::remedy(endpoints, &found, again),
            endpoint: found,
        };
        self.record(&seen);
        let found = seen.endpoint;
        self.tags = drift::own_tags(client, &self.tags, &found.tags);

        self.name = found.name.clone().into();
        self.service_name = found.service.clone().into();
        self.r#type = found.kind.into();
        self.network = found.network.map(Text::from).into();
        self.address = found.address.map(Text::from).into();
        self.sub_resources = drift::collection(&self.sub_resources, found.sub_resources);
        let settings = found.settings;
        let told = |field| !found.untold.contains(&field);
        if told("subnets") {
            let subnets = settings.subnets.into_iter().map(Text::from);
            self.subnets = drift::collection(&self.subnets, subnets);
        }
        let tables = settings.route_tables.into_iter().map(Text::from);
        self.route_tables = drift::collection(&self.route_tables, tables);
        let groups = settings.security_groups.into_iter().map(Text::from);
        self.security_groups = drift::collection(&self.security_groups, groups);
        let default = endpoints.defaults(&found.service, found.kind).policy;
        let written = self.policy.known().map(|policy| &**policy);
        let both = |default: &PolicyDocument| {
            shape::is_default(written, default)
                && shape::is_default(settings.policy.as_ref(), default)
        };
        if !default.as_ref().is_some_and(both) {
            self.policy = settings.policy.map(Text::from).into();
        }
        if imported && told("private_dns") {
            self.private_dns = settings.private_dns.into();
        }
        if imported || found.state == ConnectionState::Available {
            let zones = settings.dns_zones.into_iter().map(Text::from);
            self.dns_zones = drift::collection(&self.dns_zones, zones);
        }
        self.global_access = settings.global_access.into();
        self.request_message = settings.request_message.into();
    }
}
