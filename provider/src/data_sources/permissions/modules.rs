//! Which kinds and modules the documents are about.

use std::collections::BTreeSet;

use clouds::{
    Account,
    account::{Managed, Module},
};
use framework::{Diagnostic, Diagnostics, Result, Set, Text, path};

use super::PermissionsModel;

pub(super) fn at_least_one(modules: &Set<Text<Module>>) -> std::result::Result<(), String> {
    if modules.is_empty() {
        return Err("names no module: leave it out for the resources of this provider".into());
    }
    Ok(())
}

/// A module says by itself which kinds it makes.
pub(super) fn excludes_resources(config: &PermissionsModel, diagnostics: &mut Diagnostics) {
    if !config.module.is_null() && !config.resources.is_null() {
        diagnostics.error_at(
            path!("resources"),
            "Invalid value of resources",
            "a module says which kinds of resources it makes: give either resources or module, and read a second data source for the other",
        );
    }
}

impl PermissionsModel {
    /// Kinds that are managed with this provider, and modules whose other resources count, too.
    pub(super) fn subject(
        &self,
        account: &dyn Account,
    ) -> Result<(BTreeSet<Managed>, BTreeSet<Module>)> {
        let Some(named) = self.module.known() else {
            let kinds = match self.resources.known() {
                Some(kinds) => kinds.iter().map(|kind| kind.0).collect(),
                None => Managed::ALL.into(),
            };
            return Ok((kinds, BTreeSet::new()));
        };
        let mut kinds = BTreeSet::new();
        let mut modules = BTreeSet::new();
        for module in named.iter().map(|module| **module) {
            let Some(made) = account.made_by(module) else {
                let there = Module::ALL
                    .into_iter()
                    .filter(|other| account.made_by(*other).is_some())
                    .map(|other| other.to_string());
                let detail = format!(
                    "this cloud has no module {module}: it has {}",
                    there.collect::<Vec<_>>().join(", ")
                );
                let refused = Diagnostic::error("Invalid value of module", detail);
                return Err(refused.at(path!("module")).into());
            };
            kinds.extend(made);
            modules.insert(module);
        }
        Ok((kinds, modules))
    }
}

#[cfg(test)]
mod tests {
    use clouds::memory::Memory;
    use framework::DataSource;
    use serde_json::json;

    use super::super::Permissions;
    use crate::testing::{azure, of_clouds, over, says_first};

    #[tokio::test]
    async fn a_module_is_what_it_makes_and_what_else_it_holds() {
        let harness = over(&Memory::default()).await;
        let source = harness.data_source(Permissions::NAME);
        let read = source.read(json!({ "module": ["private_api"] })).await;
        let kinds: Vec<_> = read["by_resource"].as_object().unwrap().keys().collect();
        assert_eq!(kinds, ["private_service"]);
        let creating = read["by_operation"]["create"].as_str().unwrap();
        assert!(
            creating.contains("CreatePrivateServices")
                && creating.contains("CreateModulePrivateApi"),
            "{creating}"
        );
        assert!(
            !creating.contains("DeleteModule") && !creating.contains("Buckets"),
            "{creating}"
        );
        let leaving = read["by_access"]["deprovision"].as_str().unwrap();
        assert!(leaving.contains("DeleteModulePrivateApi"), "{leaving}");
        assert!(!leaving.contains("CreateModulePrivateApi"), "{leaving}");

        let both = source
            .read(json!({ "module": ["network", "endpoints"] }))
            .await;
        let policy = both["policy"].as_str().unwrap();
        for part in [
            "ReadPrivateEndpoints",
            "ReadModuleNetwork",
            "ReadModuleEndpoints",
        ] {
            assert!(policy.contains(part), "no {part} in {policy}");
        }
        let network = source.read(json!({ "module": ["network"] })).await;
        assert_eq!(network["by_resource"], json!({}));
    }

    #[tokio::test]
    async fn without_a_module_nothing_of_others_is_printed() {
        let harness = over(&Memory::default()).await;
        let read = harness.data_source(Permissions::NAME).read(json!({})).await;
        assert!(!read["policy"].as_str().unwrap().contains("Module"));
    }

    #[tokio::test]
    async fn modules_and_resources_exclude_each_other_and_have_to_be_there() {
        let harness = over(&Memory::default()).await;
        let source = harness.data_source(Permissions::NAME);
        let both = json!({ "module": ["network"], "resources": ["bucket"] });
        says_first(
            &source.validate(both).await,
            "resources",
            &["either resources or module"],
        );
        let none = source.validate(json!({ "module": [] })).await;
        says_first(&none, "module", &["names no module"]);
        let missing = source
            .try_read(json!({ "module": ["private_api_consumer"] }))
            .await;
        says_first(
            &missing.unwrap_err(),
            "module",
            &[
                "no module private_api_consumer",
                "it has data_plane, network",
            ],
        );
        let unheard = source.validate(json!({ "module": ["vpc"] })).await;
        assert!(
            unheard[0].to_string().contains("is no module"),
            "{}",
            unheard[0]
        );
    }

    /// A role of Azure names no objects, whatever it is for.
    #[tokio::test]
    async fn a_cloud_whose_roles_name_no_objects_prints_modules() {
        let harness = of_clouds("acme-prod", azure()).await;
        let source = harness.data_source(Permissions::NAME);
        let read = source
            .read(json!({ "module": ["network"], "buckets": ["acmeprod/metadata"] }))
            .await;
        let policy = read["policy"].as_str().unwrap();
        assert!(
            policy.contains("Microsoft.Network/natGateways/write")
                && !policy.contains("Storage/storageAccounts/write"),
            "{policy}"
        );
    }
}
