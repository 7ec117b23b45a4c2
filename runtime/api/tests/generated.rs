//! The committed definitions and the JSON Schema are what the types say. `DATAPLANE_UPDATE_GENERATED=1 cargo test -p
//! dataplane-api --test generated` writes them anew.

use std::{fs, io, path::Path};

use dataplane_api::{OperatorConfig, crds, yaml};

#[expect(
    clippy::disallowed_methods,
    reason = "the switch of this test is a variable, as of all our generators"
)]
fn is_fresh(path: &str, content: &str) -> io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("DATAPLANE_UPDATE_GENERATED").is_some() {
        fs::write(&path, content)?;
    }
    let committed = fs::read_to_string(&path)?;
    assert_eq!(
        committed,
        content,
        "{} is stale: run this test with DATAPLANE_UPDATE_GENERATED=1",
        path.display()
    );
    Ok(())
}

#[test]
fn definitions() -> io::Result<()> {
    for definition in crds() {
        let name = definition.metadata.name.clone().unwrap();
        let value = serde_json::to_value(definition).unwrap();
        is_fresh(&format!("../crds/{name}.yaml"), &yaml::to_string(&value))?;
    }
    Ok(())
}

#[test]
fn schema_of_the_configuration() -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(&OperatorConfig::schema()).unwrap();
    text.push('\n');
    is_fresh("schema/operator-config.json", &text)
}
