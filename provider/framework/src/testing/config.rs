//! JSON as configuration, and values as JSON.

use serde_json::Value as Json;

use crate::schema::{Kind, Nesting, Presence, Schema, field};
use crate::{Attribute, AttributePath, Cty, Diagnostic, Number, Type};

/// The text that stands for a value that is not known yet, in configurations and in planned values.
pub const UNKNOWN: &str = "(known after apply)";

/// The configuration that a JSON object is; with Terraform's own complaints when it does not fit the schema.
pub(super) fn read(schema: &Schema, config: &Json) -> Result<Cty, Vec<Diagnostic>> {
    let value =
        typed(schema.object_type(), config, &AttributePath::root()).map_err(|wrong| vec![wrong])?;
    let mut wrong = Vec::new();
    check(schema, &value, &AttributePath::root(), &mut wrong);
    if wrong.is_empty() {
        Ok(value)
    } else {
        Err(wrong)
    }
}

/// The value of one argument of a function.
pub(super) fn argument(plain: &Type, json: &Json) -> Result<Cty, Diagnostic> {
    typed(plain, json, &AttributePath::root())
}

fn typed(plain: &Type, json: &Json, path: &AttributePath) -> Result<Cty, Diagnostic> {
    let elements = |element: &Type, values: &[Json]| -> Result<Vec<Cty>, Diagnostic> {
        values
            .iter()
            .enumerate()
            .map(|(at, json)| typed(element, json, &path.clone().index(at)))
            .collect()
    };
    match (plain, json) {
        (_, Json::Null) => Ok(Cty::Null),
        (_, Json::String(text)) if text == UNKNOWN => Ok(Cty::Unknown),
        (Type::Dynamic, json) => Ok(crate::Json(json.clone()).encode()),
        (Type::Bool, Json::Bool(value)) => Ok(Cty::Bool(*value)),
        (Type::Number, Json::Number(number)) => {
            Number::try_from(number).map(Cty::Number).map_err(|wrong| {
                Diagnostic::error("Invalid number", wrong.to_string()).at(path.clone())
            })
        }
        (Type::String, Json::String(text)) => Ok(Cty::from(text.as_str())),
        (Type::List(element), Json::Array(values)) => Ok(Cty::List(elements(element, values)?)),
        (Type::Set(element), Json::Array(values)) => {
            let mut distinct: Vec<Cty> = Vec::new();
            for value in elements(element, values)? {
                if !distinct.contains(&value) {
                    distinct.push(value);
                }
            }
            Ok(Cty::List(distinct))
        }
        (Type::Map(element), Json::Object(values)) => values
            .iter()
            .map(|(key, json)| Ok((key.as_str(), typed(element, json, &path.clone().key(key))?)))
            .collect(),
        (Type::Object(attributes), Json::Object(values)) => {
            if let Some(extra) = values.keys().find(|key| !attributes.contains_key(*key)) {
                let detail = format!("An argument named {extra:?} is not expected here.");
                return Err(Diagnostic::error("Unsupported argument", detail)
                    .at(path.clone().attribute(extra)));
            }
            attributes
                .iter()
                .map(|(name, plain)| {
                    let json = values.get(name).unwrap_or(&Json::Null);
                    Ok((
                        name.as_str(),
                        typed(plain, json, &path.clone().attribute(name))?,
                    ))
                })
                .collect()
        }
        (plain, json) => {
            let detail =
                format!("Inappropriate value for attribute {path}: {plain} required, not {json}.");
            Err(Diagnostic::error("Incorrect attribute value type", detail).at(path.clone()))
        }
    }
}

fn check(schema: &Schema, object: &Cty, path: &AttributePath, wrong: &mut Vec<Diagnostic>) {
    for attribute in &schema.attributes {
        let value = field(object, attribute.name);
        let path = path.clone().attribute(attribute.name);
        if attribute.presence == Presence::Required && value.is_null() {
            let detail = format!(
                "The argument {:?} is required, but no definition was found.",
                attribute.name
            );
            wrong.push(Diagnostic::error("Missing required argument", detail).at(path.clone()));
        }
        if attribute.presence == Presence::Computed && !value.is_null() {
            let detail = format!(
                "Can't configure a value for {:?}: its value will be decided automatically based on the result of applying \
                 this configuration.",
                attribute.name
            );
            wrong.push(
                Diagnostic::error("Value for unconfigurable attribute", detail).at(path.clone()),
            );
            continue;
        }
        if let Kind::Nested(nesting, schema) = &attribute.kind {
            for (at, object) in objects(*nesting, value).into_iter().enumerate() {
                let path = match nesting {
                    Nesting::List => path.clone().index(at),
                    Nesting::Single | Nesting::Set | Nesting::Map => path.clone(),
                };
                check(schema, object, &path, wrong);
            }
        }
    }
}

/// The known objects of a nested attribute.
fn objects(nesting: Nesting, value: &Cty) -> Vec<&Cty> {
    let objects: Vec<&Cty> = match (nesting, value) {
        (Nesting::Single, object) => vec![object],
        (Nesting::Map, Cty::Map(objects)) => objects.values().collect(),
        (_, Cty::List(objects)) => objects.iter().collect(),
        _ => Vec::new(),
    };
    objects
        .into_iter()
        .filter(|object| object.as_map().is_some())
        .collect()
}

/// A value as JSON, with [`UNKNOWN`] where it is not known yet.
pub(super) fn show(value: &Cty) -> Json {
    match value {
        Cty::Unknown => Json::from(UNKNOWN),
        Cty::Null => Json::Null,
        Cty::Bool(value) => Json::from(*value),
        Cty::Number(number) => serde_json::from_str(number.as_str()).unwrap_or(Json::Null),
        Cty::String(text) => Json::from(text.as_str()),
        Cty::List(elements) => elements.iter().map(show).collect(),
        Cty::Map(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), show(value)))
            .collect(),
        Cty::Dynamic(_, value) => show(value),
    }
}
