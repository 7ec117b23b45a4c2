//! The subcommands that print: the only ones that write to standard output themselves.
#![expect(
    clippy::print_stdout,
    reason = "printing is what these subcommands are for"
)]

use dataplane_api::{OperatorConfig, manifests, yaml};

/// Exactly the objects that the provider's `dataplane_operator` applies.
pub fn manifests(config: &OperatorConfig) -> anyhow::Result<()> {
    let objects = manifests::render(config)?;
    print!(
        "{}",
        yaml::documents(objects.iter().map(|object| &object.body))
    );
    Ok(())
}

pub fn crds() -> anyhow::Result<()> {
    let values = dataplane_api::crds()
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<Vec<_>, _>>()?;
    print!("{}", yaml::documents(&values));
    Ok(())
}

pub fn config_schema() -> anyhow::Result<()> {
    println!(
        "{}",
        serde_json::to_string_pretty(&OperatorConfig::schema())?
    );
    Ok(())
}
