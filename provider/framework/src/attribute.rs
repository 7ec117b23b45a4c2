//! What may stand inside a `Value`: how each Rust type looks to Terraform.

use std::fmt::Debug;

use crate::schema::Kind;
use crate::{AttributePath, Cty, Diagnostic, Diagnostics, Number, Result, Type};

/// A Rust type that can be the value of an attribute.
///
/// Implemented for `String`, `bool`, `i64`, `f64`, [`Number`], `Vec<T>`, [`Set<T>`](crate::Set), `BTreeMap<String, T>`,
/// [`Text<T>`](crate::Text), [`Json`](crate::Json) and every struct with `#[derive(Model)]`.
pub trait Attribute: Sized + Clone + PartialEq + Debug + Send + Sync + 'static {
    /// What the schema says of such a value.
    fn kind() -> Kind;

    /// Reads a value that is neither null nor unknown.
    fn decode(value: &Cty, path: &AttributePath) -> Result<Self>;

    /// The value as Terraform takes it.
    fn encode(&self) -> Cty;

    /// Whether two values mean the same, though they may be written differently.
    fn same(a: &Cty, b: &Cty) -> bool {
        a == b
    }

    /// Whether enough of a value is known to decode it.
    fn is_known(value: &Cty) -> bool {
        !value.is_unknown()
    }

    /// Runs the validators of everything inside.
    fn check(&self, path: &AttributePath, diagnostics: &mut Diagnostics) {
        let _ = (path, diagnostics);
    }
}

/// The complaint about a value of the wrong type. Terraform checks types first, so this is seen for damaged state only.
pub(crate) fn mismatch(wanted: &str, value: &Cty, path: &AttributePath) -> Diagnostics {
    Diagnostic::error(
        "Unexpected value",
        format!("expected {wanted}, got {}", value.kind()),
    )
    .at(path.clone())
    .into()
}

impl Attribute for String {
    fn kind() -> Kind {
        Kind::Leaf(Type::String)
    }

    fn decode(value: &Cty, path: &AttributePath) -> Result<Self> {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| mismatch("a string", value, path))
    }

    fn encode(&self) -> Cty {
        Cty::String(self.clone())
    }
}

impl Attribute for bool {
    fn kind() -> Kind {
        Kind::Leaf(Type::Bool)
    }

    fn decode(value: &Cty, path: &AttributePath) -> Result<Self> {
        value
            .as_bool()
            .ok_or_else(|| mismatch("a bool", value, path))
    }

    fn encode(&self) -> Cty {
        Cty::Bool(*self)
    }
}

impl Attribute for Number {
    fn kind() -> Kind {
        Kind::Leaf(Type::Number)
    }

    fn decode(value: &Cty, path: &AttributePath) -> Result<Self> {
        value
            .as_number()
            .cloned()
            .ok_or_else(|| mismatch("a number", value, path))
    }

    fn encode(&self) -> Cty {
        Cty::Number(self.clone())
    }
}

impl Attribute for i64 {
    fn kind() -> Kind {
        Kind::Leaf(Type::Number)
    }

    fn decode(value: &Cty, path: &AttributePath) -> Result<Self> {
        let number = Number::decode(value, path)?;
        number.as_i64().ok_or_else(|| {
            Diagnostic::error(
                "Not a whole number",
                format!(
                    "expected a whole number between {} and {}, got {number}",
                    Self::MIN,
                    Self::MAX
                ),
            )
            .at(path.clone())
            .into()
        })
    }

    fn encode(&self) -> Cty {
        Cty::from(*self)
    }
}

impl Attribute for f64 {
    fn kind() -> Kind {
        Kind::Leaf(Type::Number)
    }

    fn decode(value: &Cty, path: &AttributePath) -> Result<Self> {
        Ok(Number::decode(value, path)?.as_f64())
    }

    /// Not-a-number has no counterpart in Terraform and becomes null.
    fn encode(&self) -> Cty {
        Number::try_from(*self).map_or(Cty::Null, Cty::Number)
    }

    /// Digits beyond what a float holds do not come back from it, so they make no difference.
    fn same(a: &Cty, b: &Cty) -> bool {
        match (a.as_number(), b.as_number()) {
            (Some(a), Some(b)) => a.as_f64().total_cmp(&b.as_f64()).is_eq() || a == b,
            _ => a == b,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path;

    #[test]
    fn a_float_means_every_number_that_is_nearest_to_it() {
        let number = |text: &str| Cty::Number(text.parse().unwrap());
        let written = number("0.12345678901234567890123");
        let kept = f64::decode(&written, &path!()).unwrap().encode();
        assert_ne!(kept, written);
        assert!(f64::same(&kept, &written));
        assert!(!f64::same(&number("0.1"), &number("0.2")));
        assert!(!i64::same(
            &number("9007199254740993"),
            &number("9007199254740992")
        ));
    }
}
