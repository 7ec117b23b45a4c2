//! Registries that somebody altered by hand: what lets more people in is shown and put back, what makes one more stays.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::bench::Bench;

#[test]
fn what_opens_a_registry_is_shown_and_put_back() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench.configuration(
        "resource \"dataplane_registry\" \"this\" {\n  name = \"acmeopened\"\n}\n",
    )?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let update = |change: Value| {
        let update = json!({ "registry_name": "acmeopened", "registry_update_parameters": change });
        bench.call("containerregistry", "registries.begin_update", update)
    };
    let found = || {
        let name = json!({ "registry_name": "acmeopened" });
        bench.call("containerregistry", "registries.get", name)
    };
    for change in [
        json!({ "properties": { "adminUserEnabled": true } }),
        json!({ "properties": { "anonymousPullEnabled": true } }),
        json!({ "properties": { "roleAssignmentMode": "AbacRepositoryPermissions" } }),
        json!({ "sku": { "name": "Basic" } }),
    ] {
        update(change.clone())?;
        let planned = terraform.plan()?.changes();
        let expected = (
            "dataplane_registry.this".to_owned(),
            vec!["update".to_owned()],
        );
        ensure!(planned == [expected], "{change}: {planned:?}");
        terraform.apply_then_empty_plan()?;
        let found = found()?;
        let properties = &found["properties"];
        ensure!(
            properties["adminUserEnabled"] == false
                && properties["anonymousPullEnabled"] == false
                && properties["roleAssignmentMode"] == "LegacyRegistryPermissions"
                && found["sku"]["name"] == "Standard",
            "{change}: {found:#}"
        );
    }
    update(
        json!({ "sku": { "name": "Premium" }, "properties": { "publicNetworkAccess": "Disabled" } }),
    )?;
    terraform
        .plan()?
        .assert_empty("the plan of a registry that was closed")?;
    // Together with what opens it, only that is put back.
    update(json!({ "properties": { "anonymousPullEnabled": true } }))?;
    terraform.apply_then_empty_plan()?;
    let found = found()?;
    ensure!(
        found["sku"]["name"] == "Premium"
            && found["properties"]["publicNetworkAccess"] == "Disabled"
            && found["properties"]["anonymousPullEnabled"] == false,
        "{found:#}"
    );
    terraform.destroy().map(drop)
}
