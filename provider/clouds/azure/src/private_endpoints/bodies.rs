//! Private endpoints in the words of Resource Manager: what is sent, and what is answered.

use clouds::Tags;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connection_states::Standing;
use crate::networks::Reference;

#[derive(Serialize)]
pub(super) struct Body<'a> {
    pub(super) location: &'a str,
    pub(super) tags: &'a Tags,
    pub(super) properties: Wanted,
}

/// All of it: Azure has no call that changes a part.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    pub(super) subnet: Reference,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) private_link_service_connections: Vec<Asked>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) manual_private_link_service_connections: Vec<Asked>,
    /// What others set is kept: fixed addresses, the interface's name, groups that rules are written for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ip_configurations: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) custom_network_interface_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) application_security_groups: Option<Vec<Reference>>,
}

/// What an endpoint asks for.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) properties: AskedProperties,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AskedProperties {
    pub(super) private_link_service_id: String,
    pub(super) group_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_message: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) location: Option<String>,
    pub(super) tags: Option<Tags>,
    #[serde(default)]
    pub(super) properties: Properties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Properties {
    pub(super) provisioning_state: Option<String>,
    pub(super) subnet: Reference,
    pub(super) private_link_service_connections: Option<Vec<FoundAsked>>,
    pub(super) manual_private_link_service_connections: Option<Vec<FoundAsked>>,
    pub(super) custom_dns_configs: Option<Vec<CustomDns>>,
    pub(super) network_interfaces: Option<Vec<Reference>>,
    pub(super) ip_configurations: Option<Value>,
    pub(super) custom_network_interface_name: Option<String>,
    pub(super) application_security_groups: Option<Vec<Reference>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct FoundAsked {
    pub(super) name: Option<String>,
    pub(super) properties: FoundProperties,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FoundProperties {
    pub(super) private_link_service_id: Option<String>,
    pub(super) group_ids: Option<Vec<String>>,
    pub(super) request_message: Option<String>,
    pub(super) private_link_service_connection_state: Standing,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CustomDns {
    pub(super) fqdn: Option<String>,
    pub(super) ip_addresses: Option<Vec<String>>,
}

impl Properties {
    pub(super) fn asked(&self) -> Option<&FoundAsked> {
        let own = self.private_link_service_connections.iter().flatten();
        let others = self.manual_private_link_service_connections.iter();
        own.chain(others.flatten()).next()
    }

    pub(super) fn is_manual(&self) -> bool {
        let own = self.private_link_service_connections.as_deref();
        own.unwrap_or_default().is_empty()
    }
}

/// Fixed addresses without what Azure alone writes.
pub(super) fn writable(configurations: Value) -> Value {
    let Value::Array(mut all) = configurations else {
        return configurations;
    };
    for one in &mut all {
        if let Value::Object(fields) = one {
            fields.retain(|name, _| name == "name" || name == "properties");
        }
    }
    Value::Array(all)
}
