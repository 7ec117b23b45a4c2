//! Rules that every resource, data source, ephemeral resource and function of the provider keeps.

use std::{collections::BTreeSet, path::Path};

use framework::{
    Model as _, Provider,
    schema::{Kind, Nesting, Presence, Replaces, Schema, SchemaAttribute},
};
use provider::Dataplane;

/// One entry of one of the lists.
struct Entry {
    name: String,
    schema: &'static Schema,
    /// The example that documentation and acceptance tests take, in `examples/`.
    examples: Vec<String>,
}

fn resources() -> Vec<Entry> {
    let entry = |name: &str, schema| Entry {
        name: name.to_owned(),
        schema,
        examples: vec![
            format!("resources/{name}/resource.tf"),
            format!("resources/{name}/import.sh"),
        ],
    };
    Dataplane::default()
        .resources()
        .iter()
        .map(|r| entry(r.name(), r.schema()))
        .collect()
}

fn entries() -> Vec<Entry> {
    let provider = Dataplane::default();
    let mut all = resources();
    all.extend(provider.data_sources().iter().map(|d| Entry {
        name: d.name().to_owned(),
        schema: d.schema(),
        examples: vec![format!("data-sources/{}/data-source.tf", d.name())],
    }));
    all.extend(provider.ephemeral_resources().iter().map(|e| Entry {
        name: e.name().to_owned(),
        schema: e.schema(),
        examples: vec![format!(
            "ephemeral-resources/{}/ephemeral-resource.tf",
            e.name()
        )],
    }));
    all
}

/// Calls `check` with every attribute, at any depth, and where it is.
fn each_attribute(
    schema: &'static Schema,
    within: &str,
    check: &mut impl FnMut(&str, &SchemaAttribute),
) {
    for attribute in &schema.attributes {
        let at = format!("{within}.{}", attribute.name);
        check(&at, attribute);
        if let Kind::Nested(_, inner) = &attribute.kind {
            each_attribute(inner, &at, check);
        }
    }
}

fn everywhere(mut check: impl FnMut(&str, &SchemaAttribute)) {
    for entry in entries() {
        each_attribute(entry.schema, &entry.name, &mut check);
    }
    for function in Dataplane::default().functions() {
        each_attribute(function.parameters(), function.name(), &mut check);
    }
    each_attribute(
        <Dataplane as Provider>::Config::schema(),
        "provider",
        &mut check,
    );
}

fn is_snake_case(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn names_are_prefixed_and_unique() {
    let mut seen = BTreeSet::new();
    for Entry { name, .. } in entries() {
        assert!(
            name.starts_with("dataplane_") && is_snake_case(&name),
            "{name}"
        );
        assert!(
            seen.insert(name.clone()) || name == "dataplane_cluster",
            "{name} is there twice"
        );
    }
    let functions: Vec<_> = Dataplane::default()
        .functions()
        .iter()
        .map(|f| f.name())
        .collect();
    assert!(
        functions.iter().all(|name| is_snake_case(name)),
        "{functions:?}"
    );
    assert_eq!(
        functions.iter().collect::<BTreeSet<_>>().len(),
        functions.len()
    );
}

#[test]
fn every_attribute_is_described_in_whole_sentences() {
    let mut wrong = Vec::new();
    everywhere(|at, attribute| {
        let text = attribute.description.trim();
        let begins = text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c == '`');
        if !text.ends_with('.') || !text.contains(' ') || !begins {
            wrong.push(format!("{at}: {text:?}"));
        }
        assert!(is_snake_case(attribute.name), "{at}");
    });
    let mut check = |name: &str, description: &str| {
        if !description.ends_with('.') {
            wrong.push(format!("{name}: {description:?}"));
        }
    };
    for entry in entries() {
        check(&entry.name, &entry.schema.description);
    }
    for function in Dataplane::default().functions() {
        check(function.name(), function.description());
        assert!(
            !function.summary().ends_with('.') && !function.summary().is_empty(),
            "{}",
            function.name()
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn secrets_are_never_shown() {
    let secret = [
        "token",
        "password",
        "private_key",
        "client_secret",
        "value_wo",
    ];
    everywhere(|at, attribute| {
        if secret.contains(&attribute.name) {
            assert!(
                attribute.sensitive || attribute.write_only,
                "{at} would be shown"
            );
        }
        if attribute.write_only {
            assert!(
                attribute.name.ends_with("_wo"),
                "{at}: write-only arguments end in _wo"
            );
        }
    });
}

#[test]
fn a_write_only_argument_has_a_version() {
    for entry in resources() {
        for attribute in entry
            .schema
            .attributes
            .iter()
            .filter(|attribute| attribute.write_only)
        {
            let version = format!("{}_version", attribute.name);
            assert!(
                entry.schema.attribute(&version).is_some(),
                "{} has no {version}",
                entry.name
            );
        }
    }
}

#[test]
fn every_resource_can_be_waited_for_and_addressed() {
    for resource in Dataplane::default().resources() {
        let (name, schema) = (resource.name(), resource.schema());
        assert!(
            schema.attribute("timeouts").is_some(),
            "{name} has no timeouts"
        );
        if let Some(id) = schema.attribute("id") {
            assert_eq!(id.presence, Presence::Computed, "{name}.id");
            assert!(id.stable, "{name}.id would be unknown in every update");
        }
        // What lives in a cluster is told apart by the cluster, too, which is an object and cannot be part of an identity.
        if schema.attribute("cluster").is_none() {
            assert!(!resource.identity().is_empty(), "{name} has no identity");
        }
        for part in resource.identity() {
            assert!(
                schema.attribute(part).is_some(),
                "{name} has no attribute {part}, which is its identity"
            );
        }
    }
}

#[test]
fn tags_come_with_tags_all() {
    for entry in resources() {
        let tags = entry.schema.attribute("tags");
        let all = entry.schema.attribute("tags_all");
        assert_eq!(tags.is_some(), all.is_some(), "{}", entry.name);
        assert!(
            all.is_none_or(|all| all.presence == Presence::Computed),
            "{}",
            entry.name
        );
    }
}

#[test]
fn elements_of_sets_have_nothing_that_only_the_cloud_knows() {
    for entry in resources() {
        each_attribute(entry.schema, &entry.name, &mut |at, attribute| {
            let Kind::Nested(Nesting::Set, inner) = &attribute.kind else {
                return;
            };
            each_attribute(inner, at, &mut |at, attribute| {
                assert_ne!(
                    attribute.presence,
                    Presence::Computed,
                    "{at} would make every element of the set look new"
                );
            });
        });
    }
}

#[test]
fn only_arguments_force_a_replacement() {
    for entry in resources() {
        each_attribute(entry.schema, &entry.name, &mut |at, attribute| {
            let replaces = !matches!(attribute.replaces, Replaces::Never);
            assert!(
                !replaces || attribute.presence.is_configurable(),
                "{at} is computed and would replace by drift"
            );
        });
    }
}

#[test]
fn everything_has_its_example() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let functions = Dataplane::default().functions();
    let mut wanted: Vec<String> = entries()
        .into_iter()
        .flat_map(|entry| entry.examples)
        .collect();
    wanted.extend(
        functions
            .iter()
            .map(|function| format!("functions/{}/function.tf", function.name())),
    );
    let missing: Vec<_> = wanted
        .into_iter()
        .filter(|file| !examples.join(file).is_file())
        .collect();
    assert!(missing.is_empty(), "not in examples/: {missing:#?}");
}
