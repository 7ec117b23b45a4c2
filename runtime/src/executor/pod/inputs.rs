//! Values of inputs as text, for arguments such as `{{.inputs.x}}`.

use std::collections::HashMap;

use dataplane_proto::flyteidl2::{
    core::{Literal, Primitive, Scalar, literal, primitive, scalar},
    task::Inputs,
};

use super::BuildError;

/// The inputs by their names: there may be as many of them as there are placeholders.
pub(super) struct ByName<'a>(HashMap<&'a str, &'a Literal>);

impl<'a> ByName<'a> {
    pub(super) fn new(inputs: Option<&'a Inputs>) -> Self {
        let mut by_name: HashMap<&str, &Literal> = HashMap::new();
        for input in inputs.into_iter().flat_map(|inputs| &inputs.literals) {
            if let Some(value) = &input.value {
                by_name.entry(&input.name).or_insert(value);
            }
        }
        Self(by_name)
    }

    /// The value of an input.
    pub(super) fn text(&self, name: &str) -> Result<String, BuildError> {
        let literal = self.0.get(name).ok_or_else(|| {
            BuildError::Invalid(format!(
                "the task's arguments ask for the input {name:?}, which it was not given"
            ))
        })?;
        of_literal(literal).map_err(|kind| {
            BuildError::Invalid(format!(
                "the task's arguments ask for the input {name:?}, which is {kind} and can't be written as text"
            ))
        })
    }
}

/// What can't be written as text.
type Kind = &'static str;

fn of_literal(literal: &Literal) -> Result<String, Kind> {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => of_scalar(scalar),
        Some(literal::Value::Collection(list)) => {
            let texts: Vec<String> = list
                .literals
                .iter()
                .map(of_literal)
                .collect::<Result<_, _>>()?;
            Ok(format!("[{}]", texts.join(",")))
        }
        Some(literal::Value::Map(_)) => Err("a map"),
        Some(literal::Value::OffloadedMetadata(_)) => Err("a value that is kept elsewhere"),
        None => Err("empty"),
    }
}

fn of_scalar(scalar: &Scalar) -> Result<String, Kind> {
    use scalar::Value;
    match &scalar.value {
        Some(Value::Primitive(primitive)) => of_primitive(primitive),
        Some(Value::Blob(blob)) => Ok(blob.uri.clone()),
        Some(Value::Schema(schema)) => Ok(schema.uri.clone()),
        Some(Value::StructuredDataset(dataset)) => Ok(dataset.uri.clone()),
        Some(Value::Union(union)) => union.value.as_deref().map_or(Err("empty"), of_literal),
        Some(Value::Binary(_)) => Err("a binary value"),
        Some(Value::Generic(_)) => Err("a structure"),
        Some(Value::Error(_)) => Err("an error"),
        Some(Value::NoneType(_)) => Err("none"),
        None => Err("empty"),
    }
}

fn of_primitive(primitive: &Primitive) -> Result<String, Kind> {
    use primitive::Value;
    match &primitive.value {
        Some(Value::Integer(number)) => Ok(number.to_string()),
        Some(Value::FloatValue(number)) => Ok(float(*number)),
        Some(Value::StringValue(text)) => Ok(text.clone()),
        Some(Value::Boolean(value)) => Ok(value.to_string()),
        // Both are written as in protobuf's JSON.
        Some(Value::Datetime(time)) => Ok(time.to_string()),
        Some(Value::Duration(duration)) => Ok(duration.to_string()),
        None => Err("empty"),
    }
}

/// The shortest text that reads back the same, with an exponent where Go writes one.
fn float(number: f64) -> String {
    let magnitude = number.abs();
    if !number.is_finite() {
        return match number {
            _ if number.is_nan() => "NaN",
            _ if number > 0.0 => "+Inf",
            _ => "-Inf",
        }
        .to_owned();
    }
    if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = exponent
            .strip_prefix('-')
            .map_or(('+', exponent), |digits| ('-', digits));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    format!("{number}")
}

#[cfg(test)]
mod tests {
    use dataplane_proto::flyteidl2::{
        core::{Blob, LiteralCollection, LiteralMap, Union},
        task::NamedLiteral,
    };

    use super::*;

    fn scalar(value: scalar::Value) -> Literal {
        Literal {
            value: Some(literal::Value::Scalar(Box::new(Scalar {
                value: Some(value),
            }))),
            ..Literal::default()
        }
    }

    fn primitive(value: primitive::Value) -> Literal {
        scalar(scalar::Value::Primitive(Primitive { value: Some(value) }))
    }

    #[track_caller]
    fn check(literal: Literal, expected: &str) {
        let inputs = Inputs {
            literals: vec![NamedLiteral {
                name: "x".to_owned(),
                value: Some(literal),
            }],
            ..Inputs::default()
        };
        assert_eq!(ByName::new(Some(&inputs)).text("x").unwrap(), expected);
    }

    #[test]
    fn values_are_written_as_flytes_executor_writes_them() {
        check(primitive(primitive::Value::Integer(-7)), "-7");
        check(primitive(primitive::Value::Boolean(true)), "true");
        check(
            primitive(primitive::Value::StringValue("a b".to_owned())),
            "a b",
        );
        check(primitive(primitive::Value::FloatValue(0.1)), "0.1");
        check(primitive(primitive::Value::FloatValue(2.0)), "2");
        check(primitive(primitive::Value::FloatValue(1e21)), "1e+21");
        check(primitive(primitive::Value::FloatValue(-2.5e-7)), "-2.5e-07");
        check(
            primitive(primitive::Value::FloatValue(f64::INFINITY)),
            "+Inf",
        );
        check(
            primitive(primitive::Value::Datetime(prost_types::Timestamp {
                seconds: 1_767_323_045,
                nanos: 0,
            })),
            "2026-01-02T03:04:05Z",
        );
        check(
            scalar(scalar::Value::Blob(Blob {
                uri: "s3://b/x".to_owned(),
                ..Blob::default()
            })),
            "s3://b/x",
        );
        check(
            Literal {
                value: Some(literal::Value::Collection(LiteralCollection {
                    literals: vec![
                        primitive(primitive::Value::Integer(1)),
                        primitive(primitive::Value::Integer(2)),
                    ],
                })),
                ..Literal::default()
            },
            "[1,2]",
        );
        check(
            scalar(scalar::Value::Union(Box::new(Union {
                value: Some(Box::new(primitive(primitive::Value::Integer(3)))),
                ..Union::default()
            }))),
            "3",
        );
    }

    #[test]
    fn what_has_no_text_is_refused_by_name() {
        let error = ByName::new(None).text("x").unwrap_err().to_string();
        assert!(
            error.contains("\"x\"") && error.contains("not given"),
            "{error}"
        );
        let inputs = Inputs {
            literals: vec![NamedLiteral {
                name: "x".to_owned(),
                value: Some(Literal {
                    value: Some(literal::Value::Map(LiteralMap::default())),
                    ..Literal::default()
                }),
            }],
            ..Inputs::default()
        };
        let error = ByName::new(Some(&inputs))
            .text("x")
            .unwrap_err()
            .to_string();
        assert!(error.contains("a map"), "{error}");
    }
}
