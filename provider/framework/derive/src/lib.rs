//! `derive(Model)`: one Rust struct as the source of a Terraform schema, its decoding and its documentation.
//!
//! The doc comment of the struct describes the object, the doc comment of a field describes the attribute, and
//! `#[attr(…)]` says what Terraform should know of it:
//!
//! | flag | meaning |
//! |---|---|
//! | `required`, `optional`, `computed` | who sets the value; `optional, computed` means either |
//! | `default = <expr>` | the value when the configuration has none (implies `computed`) |
//! | `sensitive` | hidden in Terraform's output |
//! | `write_only` | handed to create and update, never stored |
//! | `stable` | updates keep the prior value of this computed attribute; where there is none yet, they may bring one |
//! | `replaces`, `replaces_if = <fn>` | another value makes a new object |
//! | `validate = <fn>` | `fn(&T) -> Result<(), String>`, may be given several times; `fn(&str)` does for `String`, `fn(&X)` for `Text<X>` |
//! | `deprecated = "…"` | what to use instead |
//! | `variadic` | for the arguments of functions: takes all that follow |

mod expand;
mod flags;
mod model;

use proc_macro::TokenStream;

/// Derives `framework::Model` and `framework::Attribute`.
#[proc_macro_derive(Model, attributes(attr))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    syn::parse(input)
        .and_then(|input| model::Model::parse(&input))
        .map_or_else(
            |error| error.to_compile_error(),
            |model| expand::expand(&model),
        )
        .into()
}
