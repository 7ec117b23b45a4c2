//! The zone group of a private endpoint: the private DNS zones that its names are written into.
//!
//! An endpoint has one at most, and Azure changes none: other zones are another group.

use std::collections::BTreeSet;

use clouds::error::Call;
use clouds::private_endpoints::DnsZoneId;
use clouds::{Optional, Result};
use serde::{Deserialize, Serialize};

use crate::arm::{Arm, ResourceId};
use crate::error::Classify;
use crate::{pauses, versions};

const READ: &str = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/read";
const WRITE: &str = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/write";
const DELETE: &str = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/delete";
const COLLECTION: &str = "privateDnsZoneGroups";

#[derive(Serialize)]
struct Body {
    properties: Wanted,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    private_dns_zone_configs: Vec<WantedZone>,
}

#[derive(Serialize)]
struct WantedZone {
    name: String,
    properties: WantedZoneProperties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WantedZoneProperties {
    private_dns_zone_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ZoneGroup {
    name: Option<String>,
    properties: Properties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Properties {
    private_dns_zone_configs: Option<Vec<Zone>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Zone {
    properties: ZoneProperties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ZoneProperties {
    private_dns_zone_id: Option<String>,
    record_sets: Option<Vec<Record>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Record {
    fqdn: Option<String>,
    ip_addresses: Option<Vec<String>>,
}

impl ZoneGroup {
    fn all(&self) -> impl Iterator<Item = &ZoneProperties> {
        let configured = self.properties.private_dns_zone_configs.iter().flatten();
        configured.map(|zone| &zone.properties)
    }

    pub(crate) fn zones(&self, call: &Call) -> Result<BTreeSet<DnsZoneId>> {
        let ids = self
            .all()
            .filter_map(|zone| zone.private_dns_zone_id.as_deref());
        ids.map(|id| id.parse().classify(call)).collect()
    }

    /// Name, zone and addresses of what was written.
    pub(crate) fn records(&self) -> impl Iterator<Item = (&str, Option<&str>, &[String])> {
        self.all().flat_map(|zone| {
            let records = zone.record_sets.iter().flatten();
            records.map(|record| {
                (
                    record.fqdn.as_deref().unwrap_or_default(),
                    zone.private_dns_zone_id.as_deref(),
                    record.ip_addresses.as_deref().unwrap_or_default(),
                )
            })
        })
    }
}

/// The one that an endpoint has, whatever it is called and whoever made it.
pub(crate) async fn find(arm: Arm<'_>, endpoint: &ResourceId) -> Result<Option<ZoneGroup>> {
    // The name of the list is no resource of its own: what is not there has an endpoint that is gone.
    let list = ResourceId::new(format!("{endpoint}/{COLLECTION}"));
    let call = Call::new(READ, endpoint);
    let found = arm.list(call, &list, versions::NETWORK, None).await;
    Ok(found
        .optional()?
        .and_then(|all: Vec<ZoneGroup>| all.into_iter().next()))
}

/// Writes the names of an endpoint into these zones, and into no others.
pub(crate) async fn replace(
    arm: Arm<'_>,
    attempts: u32,
    endpoint: &ResourceId,
    zones: &BTreeSet<DnsZoneId>,
) -> Result<()> {
    let version = versions::NETWORK;
    if let Some(name) = find(arm, endpoint).await?.and_then(|group| group.name) {
        let id = endpoint.child(COLLECTION, name);
        pauses::in_turn(attempts, async || {
            let gone = arm.delete(Call::new(DELETE, &id), &id, version, None);
            gone.await.optional().map(|_| ())
        })
        .await?;
    }
    if zones.is_empty() {
        return Ok(());
    }
    let id = endpoint.child(COLLECTION, "default");
    let body = Body {
        properties: Wanted {
            private_dns_zone_configs: zones.iter().map(wanted).collect(),
        },
    };
    pauses::in_turn(attempts, async || {
        let call = Call::new(WRITE, &id);
        let _: ZoneGroup = arm.put(call, &id, version, &body).await?;
        Ok(())
    })
    .await
}

/// Named after its zone, whose dots a name cannot hold.
fn wanted(zone: &DnsZoneId) -> WantedZone {
    let name = zone.as_str().rsplit('/').next().unwrap_or_default();
    WantedZone {
        name: name.replace('.', "-"),
        properties: WantedZoneProperties {
            private_dns_zone_id: zone.to_string(),
        },
    }
}
