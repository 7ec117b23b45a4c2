//! The struct under `derive(Model)`: its fields, their types and their texts.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, ExprLit, Field as SynField, Fields, GenericArgument,
    Ident, Lit, Meta, PathArguments, Result, Type,
};

use crate::flags::Flags;

/// A struct that is a model.
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) description: String,
    pub(crate) fields: Vec<Field>,
}

/// A field that is an attribute.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) description: String,
    /// The `T` of `Value<T>`.
    pub(crate) value: Type,
    pub(crate) flags: Flags,
}

impl Model {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(Error::new(input.ident.span(), "a model is a struct"));
        };
        if !input.generics.params.is_empty() {
            return Err(Error::new(
                input.generics.span(),
                "a model has no type parameters",
            ));
        }
        let fields = match &data.fields {
            Fields::Named(named) => named
                .named
                .iter()
                .map(Field::parse)
                .collect::<Result<Vec<_>>>()?,
            Fields::Unit => Vec::new(),
            Fields::Unnamed(_) => {
                return Err(Error::new(
                    input.ident.span(),
                    "the fields of a model have names",
                ));
            }
        };
        if let Some(early) = fields
            .iter()
            .rev()
            .skip(1)
            .find(|field| field.flags.variadic)
        {
            return Err(Error::new(
                early.ident.span(),
                "only the last argument can be `variadic`",
            ));
        }
        Ok(Self {
            ident: input.ident.clone(),
            description: documentation(
                &input.attrs,
                input.ident.span(),
                "describe the object in a doc comment: it goes into the schema and the documentation",
            )?,
            fields,
        })
    }
}

impl Field {
    fn parse(field: &SynField) -> Result<Self> {
        let Some(ident) = field.ident.clone() else {
            return Err(Error::new(field.span(), "the fields of a model have names"));
        };
        let name = ident.unraw().to_string();
        if !name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            return Err(Error::new(
                ident.span(),
                "Terraform's names consist of lower-case letters, digits and underscores",
            ));
        }
        let value = inner(&field.ty)?;
        let flags = Flags::parse(&field.attrs, ident.span())?;
        if flags.variadic && !is_named(&value, "Vec") {
            return Err(Error::new(
                field.ty.span(),
                "a `variadic` argument is a `Value<Vec<…>>`",
            ));
        }
        Ok(Self {
            description: documentation(
                &field.attrs,
                ident.span(),
                "describe the attribute in a doc comment: it goes into the schema and the documentation",
            )?,
            ident,
            name,
            value,
            flags,
        })
    }
}

/// The `T` of `Value<T>`.
fn inner(field: &Type) -> Result<Type> {
    if let Type::Path(path) = field
        && let Some(last) = path.path.segments.last()
        && last.ident == "Value"
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let (1, Some(GenericArgument::Type(value))) =
            (arguments.args.len(), arguments.args.first())
    {
        return Ok(value.clone());
    }
    Err(Error::new(
        field.span(),
        "the fields of a model are `framework::Value<…>`: any attribute may be null or unknown",
    ))
}

fn is_named(value: &Type, name: &str) -> bool {
    matches!(value, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

/// The text of the doc comment: paragraphs on one line each, lists and code as they are.
fn documentation(attributes: &[Attribute], span: Span, missing: &str) -> Result<String> {
    let mut text = String::new();
    let mut in_code = false;
    for line in attributes.iter().filter_map(doc_line) {
        let line = line.strip_prefix(' ').unwrap_or(&line).trim_end();
        let fence = line.trim_start().starts_with("```");
        let own_line = in_code || fence || line.is_empty() || starts_item(line.trim_start());
        if !text.is_empty() {
            text.push(
                if own_line || text.ends_with('\n') || text.ends_with("```") {
                    '\n'
                } else {
                    ' '
                },
            );
        }
        text.push_str(if in_code || own_line {
            line
        } else {
            line.trim_start()
        });
        if fence && in_code {
            text.push('\n');
        }
        in_code ^= fence;
        if line.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
    }
    let text = text.trim().to_owned();
    if text.is_empty() {
        Err(Error::new(span, missing))
    } else {
        Ok(text)
    }
}

fn starts_item(line: &str) -> bool {
    line.starts_with(['-', '*', '|', '#', '>'])
        || line
            .split_once(". ")
            .is_some_and(|(number, _)| number.parse::<u8>().is_ok())
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    match &meta.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if meta.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(code: &str) -> Result<Model> {
        Model::parse(&syn::parse_str(code).unwrap())
    }

    /// The complaint about a struct with one field of these attributes and this type.
    fn complaint(attributes: &str, value: &str) -> String {
        match parse(&format!(
            "/// A thing.\nstruct Thing {{ {attributes} field: {value} }}"
        )) {
            Ok(_) => "none".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn contradictions_are_explained() {
        let cases = [
            ("#[attr(required)]", "none"),
            ("#[attr(optional, computed, stable)]", "none"),
            ("#[attr(optional, default = 1)]", "none"),
            ("", "say who sets this attribute"),
            ("#[attr(sensitive)]", "say who sets this attribute"),
            (
                "#[attr(required, optional)]",
                "`required` or `optional`, not both",
            ),
            ("#[attr(required, computed)]", "can't be `computed`"),
            ("#[attr(required, default = 1)]", "no use for a `default`"),
            ("#[attr(computed, default = 1)]", "add `optional`"),
            (
                "#[attr(computed, write_only)]",
                "add `required` or `optional`",
            ),
            ("#[attr(optional, computed, write_only)]", "never stored"),
            (
                "#[attr(optional, write_only, replaces)]",
                "version attribute",
            ),
            ("#[attr(optional, stable)]", "add `computed`"),
            ("#[attr(required, stable)]", "add `computed`"),
            ("#[attr(optional, default = 1, stable)]", "add `computed`"),
            (
                "#[attr(optional, computed, default = 1, stable)]",
                "remove `stable`",
            ),
            ("#[attr(optional, write_only, default = 1)]", "never stored"),
            (
                "#[attr(computed, validate = f)]",
                "checks what the configuration has",
            ),
            ("#[attr(optional, computed, validate = f)]", "none"),
            ("#[attr(optional, variadic)]", "with no other flag"),
            (
                "#[attr(required, variadic, sensitive)]",
                "with no other flag",
            ),
            (
                "#[attr(optional, replaces, replaces_if = f)]",
                "only one of them",
            ),
            ("#[attr(optional, optional)]", "given twice"),
            (
                "#[attr(optional, forces_new)]",
                "unknown flag `forces_new`; known are required",
            ),
            ("#[attr(required, variadic)]", "`Value<Vec<…>>`"),
        ];
        for (flags, expected) in cases {
            let complaint = complaint(&format!("/// Text.\n{flags}"), "Value<String>");
            assert!(complaint.contains(expected), "{flags}: {complaint}");
        }
    }

    #[test]
    fn texts_and_types_are_demanded() {
        assert!(complaint("#[attr(required)]", "Value<String>").contains("describe the attribute"));
        assert!(complaint("/// Text.\n#[attr(required)]", "String").contains("framework::Value"));
        let message = |code| {
            parse(code)
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default()
        };
        assert!(message("struct Thing {}").contains("describe the object"));
        assert!(message("/// T.\nenum Thing {}").contains("is a struct"));
        assert!(message("/// T.\nstruct Thing<T> {}").contains("no type parameters"));
        assert!(message("/// T.\nstruct Thing(u8);").contains("have names"));
        let early = "/// T.\nstruct A { /// x\n#[attr(required, variadic)] a: Value<Vec<String>>, /// y\n#[attr(required)] b: Value<bool> }";
        assert!(message(early).contains("only the last"));
    }

    #[test]
    fn wrapped_lines_join_and_lists_stay() {
        let model = parse("/// One\n/// paragraph.\n///\n/// - a\n/// - b\n///\n/// ```\n/// x\n///   y\n/// ```\n/// End.\nstruct Thing {}").unwrap();
        assert_eq!(
            model.description,
            "One paragraph.\n\n- a\n- b\n\n```\nx\n  y\n```\n\nEnd."
        );
    }
}
