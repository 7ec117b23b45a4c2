//! What stands in `#[attr(…)]`, and which of it goes together.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, Expr, LitStr, Path, Result};

const KNOWN: &str = "required, optional, computed, default, sensitive, write_only, stable, replaces, replaces_if, \
                     validate, deprecated, variadic";

/// When another value makes a new object.
#[derive(Default)]
pub(crate) enum Replaces {
    #[default]
    Never,
    Always,
    If(Path),
}

/// The flags of one field.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word that the author may write or not"
)]
pub(crate) struct Flags {
    pub(crate) required: bool,
    pub(crate) optional: bool,
    pub(crate) computed: bool,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
    pub(crate) stable: bool,
    pub(crate) variadic: bool,
    pub(crate) replaces: Replaces,
    pub(crate) default: Option<Expr>,
    pub(crate) validate: Vec<Path>,
    pub(crate) deprecated: Option<LitStr>,
}

impl Flags {
    /// Reads the flags of a field; `span` is where to complain about what is missing.
    pub(crate) fn parse(attributes: &[Attribute], span: Span) -> Result<Self> {
        let mut flags = Self::default();
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("attr"))
        {
            attribute.parse_nested_meta(|meta| flags.read(&meta))?;
        }
        flags.check(span)?;
        flags.computed |= flags.default.is_some();
        Ok(flags)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let Some(name) = meta.path.get_ident().map(ToString::to_string) else {
            return Err(meta.error(format!("unknown flag; known are {KNOWN}")));
        };
        match name.as_str() {
            "required" => set(&mut self.required, meta),
            "optional" => set(&mut self.optional, meta),
            "computed" => set(&mut self.computed, meta),
            "sensitive" => set(&mut self.sensitive, meta),
            "write_only" => set(&mut self.write_only, meta),
            "stable" => set(&mut self.stable, meta),
            "variadic" => set(&mut self.variadic, meta),
            "replaces" => self.replace(meta, Replaces::Always),
            "replaces_if" => {
                let condition = meta.value()?.parse()?;
                self.replace(meta, Replaces::If(condition))
            }
            "default" => {
                let value = meta.value()?.parse()?;
                fill(&mut self.default, value, meta)
            }
            "deprecated" => {
                let message = meta.value()?.parse()?;
                fill(&mut self.deprecated, message, meta)
            }
            "validate" => {
                self.validate.push(meta.value()?.parse()?);
                Ok(())
            }
            other => Err(meta.error(format!("unknown flag `{other}`; known are {KNOWN}"))),
        }
    }

    fn replace(&mut self, meta: &ParseNestedMeta<'_>, replaces: Replaces) -> Result<()> {
        if !matches!(self.replaces, Replaces::Never) {
            return Err(
                meta.error("`replaces` and `replaces_if` are given once, and only one of them")
            );
        }
        self.replaces = replaces;
        Ok(())
    }

    fn check(&self, span: Span) -> Result<()> {
        let never = matches!(self.replaces, Replaces::Never);
        let rules = [
            (
                !self.required && !self.optional && !self.computed,
                "say who sets this attribute: `#[attr(required)]`, `#[attr(optional)]`, `#[attr(computed)]` or \
                 `#[attr(optional, computed)]`",
            ),
            (
                self.required && self.optional,
                "an attribute is `required` or `optional`, not both",
            ),
            (
                self.required && self.computed,
                "a `required` attribute always comes from the configuration and can't be `computed`",
            ),
            (
                self.required && self.default.is_some(),
                "a `required` attribute has no use for a `default`: make it `optional`",
            ),
            (
                !self.required && !self.optional && self.default.is_some(),
                "a `default` stands in for what the configuration leaves out: add `optional`",
            ),
            (
                self.write_only && !self.required && !self.optional,
                "a `write_only` attribute comes from the configuration: add `required` or `optional`",
            ),
            (
                self.write_only && (self.computed || self.default.is_some() || self.stable),
                "a `write_only` attribute is never stored, so it can't be `computed` or `stable` or have a `default`",
            ),
            (
                self.write_only && !never,
                "a `write_only` attribute is never stored, so Terraform can't see it change: put `replaces` on a \
                 version attribute beside it",
            ),
            (
                !self.required && !self.optional && !self.validate.is_empty(),
                "`validate` checks what the configuration has, which is nothing for a `computed` attribute: add `optional`, \
                 or remove `validate`",
            ),
            (
                self.variadic
                    && (!self.required
                        || self.computed
                        || self.sensitive
                        || self.write_only
                        || !never
                        || self.deprecated.is_some()),
                "a `variadic` argument takes what follows in a call and is `required`, with no other flag but `validate`",
            ),
            (
                self.stable && !self.computed,
                "`stable` keeps a computed value: add `computed`",
            ),
            (
                self.stable && self.default.is_some(),
                "an attribute with a `default` is always known: remove `stable`",
            ),
        ];
        match rules.iter().find(|(broken, _)| *broken) {
            Some((_, message)) => Err(Error::new(span, message)),
            None => Ok(()),
        }
    }
}

fn set(flag: &mut bool, meta: &ParseNestedMeta<'_>) -> Result<()> {
    if std::mem::replace(flag, true) {
        return Err(meta.error("this flag is given twice"));
    }
    Ok(())
}

fn fill<T>(slot: &mut Option<T>, value: T, meta: &ParseNestedMeta<'_>) -> Result<()> {
    if slot.replace(value).is_some() {
        return Err(meta.error("this flag is given twice"));
    }
    Ok(())
}
