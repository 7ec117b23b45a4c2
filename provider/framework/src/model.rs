//! Structs as Terraform objects: the trait that `derive(Model)` implements, and what the derived code calls.

use std::collections::BTreeMap;

use crate::attribute::mismatch;
use crate::schema::Schema;
use crate::{Attribute, AttributePath, Cty, Diagnostics, Result, Value};

/// A struct whose fields are the attributes of a resource, a data source, a provider or a nested object.
///
/// Always by `#[derive(Model)]`.
pub trait Model: Attribute + Default {
    /// The schema, made when first asked for.
    fn schema() -> &'static Schema;
}

/// Reads the fields of an object, collecting what is wrong with all of them.
#[doc(hidden)]
pub struct Decoder<'a> {
    fields: &'a BTreeMap<String, Cty>,
    path: &'a AttributePath,
    diagnostics: Diagnostics,
}

impl<'a> Decoder<'a> {
    #[doc(hidden)]
    pub fn new(value: &'a Cty, path: &'a AttributePath) -> Result<Self> {
        let fields = value
            .as_map()
            .ok_or_else(|| mismatch("an object", value, path))?;
        Ok(Self {
            fields,
            path,
            diagnostics: Diagnostics::new(),
        })
    }

    #[doc(hidden)]
    pub fn field<T: Attribute>(&mut self, name: &str) -> Value<T> {
        let Some(value) = self.fields.get(name) else {
            return Value::Null;
        };
        Value::decode(value, &self.path.clone().attribute(name)).unwrap_or_else(|wrong| {
            self.diagnostics.extend(wrong);
            Value::Null
        })
    }

    #[doc(hidden)]
    pub fn finish<M>(self, model: M) -> Result<M> {
        self.diagnostics.into_result(model)
    }
}

/// Checks one value by itself.
type Validator<T> = fn(&T) -> std::result::Result<(), String>;

/// Runs the validators of a field and of everything inside it.
#[doc(hidden)]
pub fn check<T: Attribute>(
    value: &Value<T>,
    path: &AttributePath,
    validators: &[Validator<T>],
    diagnostics: &mut Diagnostics,
) {
    let Value::Known(value) = value else { return };
    value.check(path, diagnostics);
    for wrong in validators
        .iter()
        .filter_map(|validate| validate(value).err())
    {
        diagnostics.error_at(path.clone(), format!("Invalid value of {path}"), wrong);
    }
}

/// Asks a field's condition whether a change makes a new object. Values that don't decode are a change.
#[doc(hidden)]
pub fn replaces_if<T: Attribute>(
    prior: &Cty,
    planned: &Cty,
    condition: impl Fn(&Value<T>, &Value<T>) -> bool,
) -> bool {
    let root = AttributePath::root();
    match (Value::decode(prior, &root), Value::decode(planned, &root)) {
        (Ok(prior), Ok(planned)) => condition(&prior, &planned),
        _ => true,
    }
}

/// The number that a literal in the source names.
#[doc(hidden)]
pub fn number(digits: &str) -> Cty {
    digits.parse().map_or(Cty::Null, Cty::Number)
}
