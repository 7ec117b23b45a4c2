//! Pages: front matter, description, examples, schema, import.

use std::path::Path;

use super::attributes::{self, type_expression, type_name};
use super::{FunctionDescription, ProviderDescription, TypeDescription};
use crate::Type;
use crate::schema::{Presence, Schema, SchemaAttribute};

/// The examples of one variant.
pub(super) struct Examples<'a> {
    pub(super) title: &'static str,
    pub(super) files: Vec<(&'a Path, &'a str)>,
}

pub(super) fn index(provider: &ProviderDescription, examples: &[Examples<'_>]) -> String {
    let name = provider.name;
    let mut page = front_matter(&format!("{name} Provider"), &provider.schema.description);
    section(
        &mut page,
        &format!("# {name} Provider\n\n{}", provider.schema.description),
    );
    usage(&mut page, examples);
    section(&mut page, &attributes::schema(provider.schema, false));
    page
}

pub(super) fn of_type(
    provider: &str,
    kind: &str,
    managed: bool,
    described: &TypeDescription,
    examples: &[Examples<'_>],
) -> String {
    let TypeDescription { name, schema } = described;
    let mut page = front_matter(&format!("{name} {kind} - {provider}"), &schema.description);
    section(
        &mut page,
        &format!("# {name} ({kind})\n\n{}", schema.description),
    );
    usage(&mut page, examples);
    section(&mut page, &attributes::schema(schema, managed));
    import(&mut page, examples);
    page
}

pub(super) fn of_function(
    provider: &str,
    function: &FunctionDescription,
    examples: &[Examples<'_>],
) -> String {
    let FunctionDescription {
        name,
        summary,
        description,
        parameters,
        output,
    } = function;
    let mut page = front_matter(&format!("{name} function - {provider}"), summary);
    section(&mut page, &format!("# function: {name}\n\n{description}"));
    usage(&mut page, examples);
    let signature = format!(
        "{name}({}) {}",
        signature(parameters),
        type_expression(output)
    );
    section(
        &mut page,
        &format!("## Signature\n\n```text\n{signature}\n```"),
    );
    if !parameters.attributes.is_empty() {
        section(
            &mut page,
            &format!("## Arguments\n\n{}", arguments(parameters)),
        );
    }
    page
}

fn front_matter(title: &str, description: &str) -> String {
    let first = description
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .replace('\n', " ");
    format!("---\npage_title: {title:?}\nsubcategory: \"\"\ndescription: |-\n  {first}\n---\n")
}

fn section(page: &mut String, text: &str) {
    page.push('\n');
    page.push_str(text.trim_end());
    page.push('\n');
}

fn is_import(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("import"))
}

fn usage(page: &mut String, examples: &[Examples<'_>]) {
    let is_configuration = |path: &Path| {
        path.extension().is_some_and(|extension| extension == "tf") && !is_import(path)
    };
    let blocks = |variant: &Examples<'_>| {
        let texts = variant
            .files
            .iter()
            .filter(|(path, _)| is_configuration(path));
        texts.map(|(_, text)| fenced("terraform", text)).collect()
    };
    if let Some(text) = by_variant(examples, blocks) {
        section(page, &format!("## Example Usage\n\n{text}"));
    }
}

fn import(page: &mut String, examples: &[Examples<'_>]) {
    let blocks = |variant: &Examples<'_>| {
        let files = variant.files.iter().filter(|(path, _)| is_import(path));
        let block = |(path, example): &(&Path, &str)| {
            let (how, language) = if path.extension().is_some_and(|extension| extension == "sh") {
                (
                    "The `terraform import` command can be used, for example:",
                    "shell",
                )
            } else {
                ("An `import` block can be used, for example:", "terraform")
            };
            format!("{how}\n\n{}", fenced(language, example))
        };
        files.map(block).collect()
    };
    if let Some(text) = by_variant(examples, blocks) {
        section(
            page,
            &format!("## Import\n\nImport is supported using the following syntax:\n\n{text}"),
        );
    }
}

/// The blocks of each variant, under its heading where there are several; none without any.
fn by_variant(
    examples: &[Examples<'_>],
    blocks: impl Fn(&Examples<'_>) -> Vec<String>,
) -> Option<String> {
    let mut found: Vec<(&str, String)> = examples
        .iter()
        .map(|variant| (variant.title, blocks(variant)))
        .filter(|(_, blocks)| !blocks.is_empty())
        .map(|(title, blocks)| (title, blocks.join("\n\n")))
        .collect();
    if found.len() > 1 {
        for (title, text) in &mut found {
            *text = format!("### {title}\n\n{text}");
        }
    }
    let texts: Vec<_> = found.into_iter().map(|(_, text)| text).collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

fn fenced(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```", text.trim())
}

/// The parameters with what each takes: of a variadic one, its elements.
fn parameters(schema: &Schema) -> impl Iterator<Item = (&SchemaAttribute, Type, bool)> {
    let last = schema.attributes.len().saturating_sub(1);
    schema
        .attributes
        .iter()
        .enumerate()
        .map(move |(at, parameter)| {
            let variadic = schema.variadic && at == last;
            match parameter.kind.to_type() {
                Type::List(element) if variadic => (parameter, *element, true),
                plain => (parameter, plain, false),
            }
        })
}

fn signature(schema: &Schema) -> String {
    let parameter = |(parameter, plain, variadic): (&SchemaAttribute, Type, bool)| {
        let dots = if variadic { "..." } else { "" };
        format!("{} {}{dots}", parameter.name, type_expression(&plain))
    };
    parameters(schema)
        .map(parameter)
        .collect::<Vec<_>>()
        .join(", ")
}

fn arguments(schema: &Schema) -> String {
    let line = |(parameter, plain, variadic): (&SchemaAttribute, Type, bool)| {
        let mut about = type_name(&plain);
        if variadic {
            about = format!("Variadic, {about}");
        }
        if parameter.presence == Presence::Optional {
            about.push_str(", Nullable");
        }
        format!(
            "1. `{}` ({about}) {}",
            parameter.name, parameter.description
        )
    };
    parameters(schema).map(line).collect::<Vec<_>>().join("\n")
}
