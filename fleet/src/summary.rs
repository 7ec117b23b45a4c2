//! What a saved plan would do, from `terraform show -json`: addresses and actions, never a value.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::tenants::Tenant;

/// A resource and what happens to it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Change {
    pub address: String,
    pub actions: Vec<Action>,
}

/// As Terraform calls them; `import` and `move` are ours for what its document says beside the actions.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    NoOp,
    Create,
    Read,
    Update,
    Delete,
    Forget,
    Import,
    Move,
}

/// What a plan would do.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub changes: Vec<Change>,
    pub outputs: usize,
    pub drift: Vec<Change>,
    /// The types of all resources, also of those that stay.
    pub types: BTreeSet<String>,
    /// Addresses by the type of their resource, of those that go, also where they come back.
    going: Vec<(String, String)>,
}

/// How many resources are created, changed in place (or in the state only), deleted and replaced.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Counts {
    pub create: usize,
    pub change: usize,
    pub delete: usize,
    pub replace: usize,
}

/// What a person lets go all the same: `acme:module.x.dataplane_bucket.this`, or `acme:*`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Allowed {
    tenant: Tenant,
    address: String,
}

#[derive(Debug, Deserialize)]
struct Document {
    #[serde(default)]
    resource_changes: Vec<Resource>,
    #[serde(default)]
    resource_drift: Vec<Resource>,
    #[serde(default)]
    output_changes: std::collections::BTreeMap<String, Actions>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    address: String,
    previous_address: Option<String>,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    change: Actions,
}

#[derive(Debug, Deserialize)]
struct Actions {
    actions: Vec<Action>,
    importing: Option<serde::de::IgnoredAny>,
}

impl Summary {
    pub fn read(shown: &[u8]) -> Result<Self> {
        let document: Document =
            serde_json::from_slice(shown).context("reading what `terraform show -json` printed")?;
        let managed = |resources: Vec<Resource>| {
            let managed = resources.into_iter();
            managed.filter(|resource| resource.mode == "managed")
        };
        let mut summary = Self::default();
        for resource in managed(document.resource_changes) {
            if resource.change.actions.contains(&Action::Delete) {
                summary
                    .going
                    .push((resource.kind.clone(), resource.address.clone()));
            }
            summary.types.insert(resource.kind.clone());
            summary.changes.extend(resource.change());
        }
        summary.drift = managed(document.resource_drift)
            .filter_map(Resource::change)
            .collect();
        let outputs = document.output_changes.values();
        summary.outputs = outputs
            .filter(|output| output.actions != [Action::NoOp])
            .count();
        Ok(summary)
    }

    pub fn changes_anything(&self) -> bool {
        !self.changes.is_empty() || self.outputs > 0
    }

    /// The addresses that may not go without a word.
    pub fn refused(
        &self,
        tenant: &Tenant,
        protect: &BTreeSet<String>,
        allowed: &[Allowed],
    ) -> Vec<String> {
        let going = self.going.iter();
        going
            .filter(|(kind, address)| {
                protect.contains(kind)
                    && !allowed
                        .iter()
                        .any(|allowed| allowed.covers(tenant, address))
            })
            .map(|(_, address)| address.clone())
            .collect()
    }
}

impl Resource {
    /// Nothing where nothing happens to it, in the cloud or in the state.
    fn change(self) -> Option<Change> {
        let mut actions = self.change.actions;
        if self.change.importing.is_some() {
            actions.push(Action::Import);
        }
        if self.previous_address.is_some() {
            actions.push(Action::Move);
        }
        actions.retain(|action| *action != Action::NoOp);
        (!actions.is_empty()).then_some(Change {
            address: self.address,
            actions,
        })
    }
}

impl Counts {
    pub fn of(changes: &[Change]) -> Self {
        let mut counts = Self::default();
        for Change { actions, .. } in changes {
            let has = |action| actions.contains(&action);
            let counted = match (has(Action::Create), has(Action::Delete)) {
                (true, true) => &mut counts.replace,
                (true, false) => &mut counts.create,
                (false, true) => &mut counts.delete,
                (false, false) => &mut counts.change,
            };
            *counted += 1;
        }
        counts
    }
}

impl Allowed {
    fn covers(&self, tenant: &Tenant, address: &str) -> bool {
        self.tenant == *tenant && (self.address == "*" || self.address == address)
    }

    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.tenant, self.address)
    }
}

impl std::str::FromStr for Allowed {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (tenant, address) = text
            .split_once(':')
            .filter(|(_, address)| !address.is_empty())
            .with_context(|| {
                format!("{text:?} is not TENANT:ADDRESS, as in acme:dataplane_bucket.this; acme:* is all of acme's")
            })?;
        Ok(Self {
            tenant: tenant.parse()?,
            address: address.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from Terraform 1.11.4, without the parts that nobody reads here: `count`, an input and a trigger of
    /// `terraform_data` were changed, one was taken out by `removed`, one moved, one imported, and an output added.
    const RECORDED: &[u8] = include_bytes!("summary/recorded.json");

    fn acme() -> Tenant {
        "acme".parse().unwrap()
    }

    #[test]
    fn a_plan_is_its_addresses_and_actions() {
        let summary = Summary::read(RECORDED).unwrap();
        let lines: Vec<String> = summary
            .changes
            .iter()
            .map(|change| format!("{} {:?}", change.address, change.actions))
            .collect();
        assert_eq!(
            lines,
            [
                "terraform_data.added [Create]",
                "terraform_data.changed [Update]",
                "terraform_data.counted[1] [Delete]",
                "terraform_data.forgotten [Forget]",
                "terraform_data.imported [Import]",
                "terraform_data.new_name [Move]",
                "module.part.terraform_data.replaced [Delete, Create]",
            ]
        );
        assert_eq!(
            Counts::of(&summary.changes),
            Counts {
                create: 1,
                change: 4,
                delete: 1,
                replace: 1
            }
        );
        assert_eq!(summary.outputs, 1);
    }

    #[test]
    fn what_goes_is_refused_where_its_type_is_protected() {
        let summary = Summary::read(RECORDED).unwrap();
        let protect = BTreeSet::from(["terraform_data".to_owned()]);
        let refused = |allowed: &[&str]| {
            let allowed: Vec<Allowed> = allowed.iter().map(|one| one.parse().unwrap()).collect();
            summary.refused(&acme(), &protect, &allowed)
        };
        let both = [
            "terraform_data.counted[1]",
            "module.part.terraform_data.replaced",
        ];
        assert_eq!(refused(&[]), both);
        assert_eq!(refused(&["globex:*"]), both, "of another tenant");
        assert_eq!(refused(&["acme:terraform_data.counted[1]"]), both[1..]);
        assert_eq!(refused(&["acme:terraform_data.counted"]), both);
        assert_eq!(refused(&["acme:*"]), [""; 0]);
        let other = BTreeSet::from(["dataplane_bucket".to_owned()]);
        assert_eq!(summary.refused(&acme(), &other, &[]), [""; 0]);
    }

    #[test]
    fn drift_is_what_changed_behind_terraforms_back() {
        let shown = br#"{"resource_changes":[{"address":"a.x","mode":"managed","type":"a","name":"x","change":{"actions":["no-op"]}}],
            "resource_drift":[{"address":"a.x","mode":"managed","type":"a","name":"x","change":{"actions":["update"]}}]}"#;
        let summary = Summary::read(shown).unwrap();
        assert!(!summary.changes_anything());
        assert_eq!(
            summary.drift,
            [Change {
                address: "a.x".to_owned(),
                actions: vec![Action::Update]
            }]
        );
    }

    #[test]
    fn no_value_is_kept() {
        let summary = Summary::read(RECORDED).unwrap();
        let text = serde_json::to_string(&(&summary.changes, &summary.drift)).unwrap();
        assert!(
            std::str::from_utf8(RECORDED)
                .unwrap()
                .contains("confidential")
        );
        assert!(!text.contains("confidential"), "{text}");
    }

    #[test]
    fn what_a_person_lets_go_has_a_tenant_and_an_address() {
        for bad in ["acme", "acme:", ":x", "Acme:x"] {
            assert!(bad.parse::<Allowed>().is_err(), "{bad}");
        }
    }
}
