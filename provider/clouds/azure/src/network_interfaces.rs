//! The network interface of a private endpoint, which knows its addresses from the beginning.

use clouds::Result;
use clouds::error::Call;
use serde::Deserialize;

use crate::arm::{Arm, ResourceId};
use crate::versions;

const READ: &str = "Microsoft.Network/networkInterfaces/read";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Found {
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Properties {
    ip_configurations: Option<Vec<Configuration>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configuration {
    properties: ConfigurationProperties,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ConfigurationProperties {
    #[serde(rename = "privateIPAddress")]
    address: Option<String>,
}

pub(crate) async fn addresses(arm: Arm<'_>, id: &str) -> Result<Vec<String>> {
    let id = ResourceId::new(id);
    let call = Call::new(READ, &id);
    let found: Found = arm.get(call, &id, versions::NETWORK).await?;
    let configured = found.properties.ip_configurations.into_iter().flatten();
    Ok(configured.filter_map(|of| of.properties.address).collect())
}
