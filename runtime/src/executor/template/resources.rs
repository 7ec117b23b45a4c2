//! What a container asks for, by the names that Kubernetes has for it.

use std::collections::BTreeMap;

use dataplane_api::quantity::Quantity;
use dataplane_proto::flyteidl2::core::{Resources, resources};

use super::{InvalidSpec, invalid};

/// Requests and limits, by resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub requests: BTreeMap<String, Quantity>,
    pub limits: BTreeMap<String, Quantity>,
}

impl Amounts {
    pub(super) fn read(wire: Option<&Resources>, device: &str) -> Result<Self, InvalidSpec> {
        let Some(wire) = wire else {
            return Ok(Self::default());
        };
        Ok(Self {
            requests: amounts("resource requests", &wire.requests, device)?,
            limits: amounts("resource limits", &wire.limits, device)?,
        })
    }
}

fn amounts(
    field: &'static str,
    entries: &[resources::ResourceEntry],
    device: &str,
) -> Result<BTreeMap<String, Quantity>, InvalidSpec> {
    use resources::ResourceName;
    let mut amounts = BTreeMap::new();
    for entry in entries {
        let name = match ResourceName::try_from(entry.name) {
            Ok(ResourceName::Cpu) => "cpu",
            Ok(ResourceName::Memory) => "memory",
            Ok(ResourceName::Gpu) => device,
            Ok(ResourceName::EphemeralStorage) => "ephemeral-storage",
            // Clusters have no resource of the name `storage`, and Flyte leaves it out too.
            Ok(ResourceName::Unknown | ResourceName::Storage) => continue,
            Err(_) => {
                return Err(invalid(
                    field,
                    format!(
                        "name the resource number {}, which is later than this executor; update it",
                        entry.name
                    ),
                ));
            }
        };
        let amount = quantity(field, name, &entry.value)?;
        if !is_zero(&amount) {
            amounts.insert(name.to_owned(), amount);
        }
    }
    Ok(amounts)
}

/// An amount, or a sentence that names the resource.
pub(super) fn quantity(
    field: &'static str,
    resource: &str,
    text: &str,
) -> Result<Quantity, InvalidSpec> {
    text.trim().parse().map_err(|_| {
        invalid(
            field,
            format!(
                "ask for {text:?} of {resource}, which is no amount; write a number and a unit, such as 500m, 2 or 512Mi"
            ),
        )
    })
}

fn is_zero(amount: &Quantity) -> bool {
    amount.to_string() == "0"
}
