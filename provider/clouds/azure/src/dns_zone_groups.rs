//! The zone group of a private endpoint: the private DNS zones that its names are written into.
//!
//! An endpoint has one at most, and Azure changes none: other zones are another group.

use std::collections::BTreeSet;

use clouds::error::Call;
use clouds::private_endpoints::DnsZoneId;
use clouds::{Optional, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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
            private_dns_zone_configs: wanted(zones),
        },
    };
    pauses::in_turn(attempts, async || {
        let call = Call::new(WRITE, &id);
        let _: ZoneGroup = arm.put(call, &id, version, &body).await?;
        Ok(())
    })
    .await
}

/// Each named after its zone, whose dots a name cannot hold. Zones of one name in two resource groups are told apart by a digest.
fn wanted(zones: &BTreeSet<DnsZoneId>) -> Vec<WantedZone> {
    let name = |zone: &DnsZoneId| {
        let name = zone.as_str().rsplit('/').next().unwrap_or_default();
        name.to_ascii_lowercase().replace('.', "-")
    };
    let named = |zone: &DnsZoneId| {
        let own = name(zone);
        let same = zones.iter().filter(|other| name(other) == own).count();
        let name = if same == 1 {
            own
        } else {
            let digest = Sha256::digest(zone.as_str().to_ascii_lowercase().as_bytes());
            let [a, b, c, d, ..] = <[u8; 32]>::from(digest);
            format!("{own}-{a:02x}{b:02x}{c:02x}{d:02x}")
        };
        WantedZone {
            name,
            properties: WantedZoneProperties {
                private_dns_zone_id: zone.to_string(),
            },
        }
    };
    zones.iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_of_one_name_have_names_of_their_own() {
        let zone = |group: &str, name: &str| -> DnsZoneId {
            let id = format!(
                "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/{group}/providers/Microsoft.Network/privateDnsZones/{name}"
            );
            id.parse().unwrap()
        };
        let all = [
            zone("one", "acme.example"),
            zone("two", "acme.example"),
            zone("one", "other.example"),
        ];
        let configured = wanted(&all.into());
        let names: BTreeSet<_> = configured.iter().map(|zone| zone.name.as_str()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(names.contains("other-example"), "{names:?}");
        let clear = |name: &&&str| name.starts_with("acme-example-") && !name.contains('.');
        assert_eq!(names.iter().filter(clear).count(), 2, "{names:?}");
    }
}
