//! The registry's documentation, from schemas and examples: a pure function, so that a test can hold the committed pages to
//! it.
//!
//! The form of the pages, their names and those of the examples are those of terraform-plugin-docs.

mod attributes;
mod page;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use page::Examples;

use crate::schema::Schema;
use crate::{Model, Provider, Type};

/// What there is to say about a provider.
#[derive(Clone, Debug)]
pub struct ProviderDescription {
    /// Its name.
    pub name: &'static str,
    /// The schema of its block.
    pub schema: &'static Schema,
    /// Its managed resources.
    pub resources: Vec<TypeDescription>,
    /// Its data sources.
    pub data_sources: Vec<TypeDescription>,
    /// Its ephemeral resources.
    pub ephemeral_resources: Vec<TypeDescription>,
    /// Its functions.
    pub functions: Vec<FunctionDescription>,
}

/// What there is to say about a resource, a data source or an ephemeral resource.
#[derive(Clone, Debug)]
pub struct TypeDescription {
    /// The type's name, with the provider's.
    pub name: &'static str,
    /// Its schema.
    pub schema: &'static Schema,
}

/// What there is to say about a function.
#[derive(Clone, Debug)]
pub struct FunctionDescription {
    /// The function's name.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What it does, in Markdown.
    pub description: &'static str,
    /// Its parameters.
    pub parameters: &'static Schema,
    /// The type of its result.
    pub output: Type,
}

impl ProviderDescription {
    /// Describes a provider.
    pub fn of<P: Provider>(provider: &P) -> Self {
        let sorted = |mut types: Vec<TypeDescription>| {
            types.sort_by_key(|described| described.name);
            types
        };
        let described = |name, schema| TypeDescription { name, schema };
        Self {
            name: P::NAME,
            schema: P::Config::schema(),
            resources: sorted(
                provider
                    .resources()
                    .iter()
                    .map(|any| described(any.name(), any.schema()))
                    .collect(),
            ),
            data_sources: sorted(
                provider
                    .data_sources()
                    .iter()
                    .map(|any| described(any.name(), any.schema()))
                    .collect(),
            ),
            ephemeral_resources: sorted(
                provider
                    .ephemeral_resources()
                    .iter()
                    .map(|any| described(any.name(), any.schema()))
                    .collect(),
            ),
            functions: provider
                .functions()
                .iter()
                .map(|any| FunctionDescription {
                    name: any.name(),
                    summary: any.summary(),
                    description: any.description(),
                    parameters: any.parameters(),
                    output: any.output(),
                })
                .collect(),
        }
    }
}

/// One of the ways in which examples show the same thing: for one of several clouds, say.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// The folder inside an example's own that has its files; empty for those that lie there themselves.
    pub folder: &'static str,
    /// Its heading, on pages that have examples of several.
    pub title: &'static str,
}

/// The pages by their path below `docs/`.
///
/// `examples` are the texts of the files below `examples/` by their path there: `provider/*.tf`,
/// `resources/<type>/*.tf`, `data-sources/<type>/*.tf`, `ephemeral-resources/<type>/*.tf` and `functions/<name>/*.tf`, or in the
/// folder of one of the `variants` there. Files whose names begin with `import` (`import.sh`, `import.tf`) make the import section.
pub fn render(
    provider: &ProviderDescription,
    examples: &BTreeMap<PathBuf, String>,
    variants: &[Variant],
) -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::new();
    let examples_in = |folder: &str| -> Vec<Examples<'_>> {
        let of_variant = |variant: &Variant| {
            // Joining an empty path would end the folder with a slash, which compares the same.
            let folder = Path::new(folder).join(variant.folder);
            let inside = examples
                .iter()
                .filter(|(path, _)| path.parent() == Some(folder.as_path()));
            Examples {
                title: variant.title,
                files: inside
                    .map(|(path, text)| (path.as_path(), text.as_str()))
                    .collect(),
            }
        };
        variants.iter().map(of_variant).collect()
    };
    pages.insert(
        PathBuf::from("index.md"),
        page::index(provider, &examples_in("provider")),
    );
    let kinds = [
        ("resources", "Resource", true, &provider.resources),
        ("data-sources", "Data Source", false, &provider.data_sources),
        (
            "ephemeral-resources",
            "Ephemeral Resource",
            false,
            &provider.ephemeral_resources,
        ),
    ];
    for (folder, kind, managed, types) in kinds {
        for described in types {
            let examples = examples_in(&format!("{folder}/{}", described.name));
            let path = format!("{folder}/{}.md", short(provider.name, described.name));
            pages.insert(
                path.into(),
                page::of_type(provider.name, kind, managed, described, &examples),
            );
        }
    }
    for function in &provider.functions {
        let examples = examples_in(&format!("functions/{}", function.name));
        let path = format!("functions/{}.md", function.name);
        pages.insert(
            path.into(),
            page::of_function(provider.name, function, &examples),
        );
    }
    pages
}

/// The type's name without the provider's: what its page is called.
fn short<'a>(provider: &str, name: &'a str) -> &'a str {
    name.strip_prefix(provider)
        .and_then(|rest| rest.strip_prefix('_'))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests;
