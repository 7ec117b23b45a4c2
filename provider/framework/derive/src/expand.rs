//! The implementations that `derive(Model)` writes.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::{Expr, ExprLit, ExprUnary, Lit, UnOp};

use crate::flags::{Flags, Replaces};
use crate::model::{Field, Model};

pub(crate) fn expand(model: &Model) -> TokenStream {
    let Model {
        ident,
        description,
        fields,
    } = model;
    let schemas = fields.iter().map(schema);
    let variadic = fields.iter().any(|field| field.flags.variadic);
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    let values = fields.iter().map(|field| &field.value);
    let validators = fields.iter().map(|field| &field.flags.validate);

    quote! {
        impl ::framework::Model for #ident {
            fn schema() -> &'static ::framework::schema::Schema {
                static SCHEMA: ::std::sync::OnceLock<::framework::schema::Schema> = ::std::sync::OnceLock::new();
                SCHEMA.get_or_init(|| ::framework::schema::Schema {
                    description: ::std::string::String::from(#description),
                    attributes: ::std::vec![#(#schemas),*],
                    variadic: #variadic,
                    plain: ::std::sync::OnceLock::new(),
                })
            }
        }

        impl ::framework::Attribute for #ident {
            fn kind() -> ::framework::schema::Kind {
                ::framework::schema::Kind::Nested(
                    ::framework::schema::Nesting::Single,
                    <Self as ::framework::Model>::schema(),
                )
            }

            fn decode(value: &::framework::Cty, path: &::framework::AttributePath) -> ::framework::Result<Self> {
                let mut object = ::framework::model::Decoder::new(value, path)?;
                let model = Self { #(#idents: object.field(#names)),* };
                object.finish(model)
            }

            fn encode(&self) -> ::framework::Cty {
                ::framework::Cty::Map(::std::collections::BTreeMap::from([
                    #((::std::string::String::from(#names), ::framework::Value::encode(&self.#idents))),*
                ]))
            }

            fn same(a: &::framework::Cty, b: &::framework::Cty) -> bool {
                <Self as ::framework::Model>::schema().same(a, b)
            }

            fn check(&self, path: &::framework::AttributePath, diagnostics: &mut ::framework::Diagnostics) {
                #(::framework::model::check(
                    &self.#idents,
                    &path.clone().attribute(#names),
                    // A closure lets a validator of text take `&str`, and one of parsed text take what it was parsed into.
                    &[#(
                        (|value: &#values| #validators(value))
                            as fn(&#values) -> ::std::result::Result<(), ::std::string::String>
                    ),*],
                    diagnostics,
                );)*
            }
        }
    }
}

/// The `SchemaAttribute` of a field.
fn schema(field: &Field) -> TokenStream {
    let Field {
        name,
        description,
        value,
        flags,
        ..
    } = field;
    let presence = match flags {
        Flags { required: true, .. } => quote!(Required),
        Flags {
            optional: true,
            computed: true,
            ..
        } => quote!(OptionalComputed),
        Flags { optional: true, .. } => quote!(Optional),
        _ => quote!(Computed),
    };
    let replaces = match &flags.replaces {
        Replaces::Never => quote!(Never),
        Replaces::Always => quote!(Always),
        Replaces::If(condition) => quote! {
            If(|prior, planned| ::framework::model::replaces_if::<#value>(prior, planned, #condition))
        },
    };
    let default = match &flags.default {
        None => quote!(::std::option::Option::None),
        Some(value_of) => {
            let value_of = default(value_of, value);
            quote!(::std::option::Option::Some(|| #value_of))
        }
    };
    let deprecated = match &flags.deprecated {
        None => quote!(::std::option::Option::None),
        Some(message) => quote!(::std::option::Option::Some(#message)),
    };
    let Flags {
        sensitive,
        write_only,
        stable,
        ..
    } = flags;
    quote! {
        ::framework::schema::SchemaAttribute {
            sensitive: #sensitive,
            write_only: #write_only,
            stable: #stable,
            replaces: ::framework::schema::Replaces::#replaces,
            default: #default,
            deprecated: #deprecated,
            ..::framework::schema::SchemaAttribute::of::<#value>(
                #name,
                ::framework::schema::Presence::#presence,
                #description,
            )
        }
    }
}

/// A literal becomes the value as Terraform would send it, so that text is parsed like the user's own; anything else is
/// converted to the attribute's type.
fn default(expr: &Expr, value: &syn::Type) -> TokenStream {
    let number = |literal: &Lit, sign: &str| match literal {
        Lit::Int(digits) => Some(format!("{sign}{}", digits.base10_digits())),
        Lit::Float(digits) => Some(format!("{sign}{}", digits.base10_digits())),
        _ => None,
    };
    let digits = match expr {
        Expr::Lit(ExprLit { lit, .. }) => number(lit, ""),
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => match expr.as_ref() {
            Expr::Lit(ExprLit { lit, .. }) => number(lit, "-"),
            _ => None,
        },
        _ => None,
    };
    match (expr, digits) {
        (_, Some(digits)) => {
            let digits = Literal::string(&digits);
            quote!(::framework::model::number(#digits))
        }
        (
            Expr::Lit(ExprLit {
                lit: literal @ (Lit::Str(_) | Lit::Bool(_)),
                ..
            }),
            None,
        ) => {
            quote!(<::framework::Cty as ::core::convert::From<_>>::from(#literal))
        }
        _ => quote! {
            ::framework::Attribute::encode(&<#value as ::core::convert::From<_>>::from(#expr))
        },
    }
}
