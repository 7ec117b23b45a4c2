//! The pod spec of a task whose pod is written out: from a protobuf `Struct` to the type of Kubernetes.

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use prost_types::{Struct, value::Kind};
use serde_json::{Map, Number, Value};

use super::{InvalidSpec, invalid, resources};

const FIELD: &str = "pod spec";
/// Whose types the pod spec is read into.
pub(super) const KUBERNETES: &str = "1.36";
/// How the SDK writes a GPU where it does not know the device.
const GPU: &str = "gpu";

pub(super) fn read(wire: Struct, primary: &str, device: &str) -> Result<PodSpec, InvalidSpec> {
    let mut json = object(wire);
    amounts_as_text(&mut json);
    let mut spec: PodSpec = serde_path_to_error::deserialize(&json).map_err(|error| {
        invalid(
            FIELD,
            format!(
                "is not one of Kubernetes at {}: {}",
                error.path(),
                error.inner()
            ),
        )
    })?;
    if let Some(path) = unknown(&json, &serde_json::to_value(&spec).unwrap_or_default()) {
        return Err(invalid(
            FIELD,
            format!(
                "has the field {path}, which this executor does not know and would lose; its Kubernetes is {KUBERNETES}: correct \
                 the name, leave the field out, or update the data plane"
            ),
        ));
    }
    if !spec.containers.iter().any(|c| c.name == primary) {
        return Err(invalid(
            FIELD,
            format!(
                "has no container with the name of the primary one, {primary:?}; it has {}",
                names(&spec.containers)
            ),
        ));
    }
    for container in spec
        .containers
        .iter_mut()
        .chain(spec.init_containers.iter_mut().flatten())
    {
        if container.image.as_deref().unwrap_or_default().is_empty() {
            return Err(invalid(
                FIELD,
                format!("has a container without an image, {:?}", container.name),
            ));
        }
        if let Some(resources) = &mut container.resources {
            name_device(resources, device);
            check_amounts(resources)?;
        }
    }
    Ok(spec)
}

/// The path of the first field that was written and is not among what was read. Null is nothing.
fn unknown(written: &Value, read: &Value) -> Option<String> {
    match (written, read) {
        (Value::Object(written), Value::Object(read)) => {
            let fields = written.iter().filter(|(_, value)| !value.is_null());
            fields.into_iter().find_map(|(name, value)| {
                let inside = read.get(name).map(|read| unknown(value, read));
                match inside {
                    None => Some(name.clone()),
                    Some(path) => path.map(|path| within(name, &path)),
                }
            })
        }
        (Value::Array(written), Value::Array(read)) => {
            let pairs = written.iter().zip(read).enumerate();
            pairs.into_iter().find_map(|(index, (written, read))| {
                let path = unknown(written, read)?;
                Some(within(&format!("[{index}]"), &path))
            })
        }
        _ => None,
    }
}

/// `containers[0].name`.
fn within(outer: &str, inner: &str) -> String {
    let dot = if inner.starts_with('[') { "" } else { "." };
    format!("{outer}{dot}{inner}")
}

fn names(containers: &[Container]) -> String {
    match containers {
        [] => "none".to_owned(),
        containers => containers
            .iter()
            .map(|container| format!("{:?}", container.name))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn name_device(resources: &mut ResourceRequirements, device: &str) {
    for amounts in [&mut resources.requests, &mut resources.limits] {
        if let Some(amounts) = amounts
            && let Some(amount) = amounts.remove(GPU)
        {
            amounts.insert(device.to_owned(), amount);
        }
    }
}

fn check_amounts(resources: &ResourceRequirements) -> Result<(), InvalidSpec> {
    for amounts in [&resources.requests, &resources.limits]
        .into_iter()
        .flatten()
    {
        for (name, amount) in amounts {
            resources::quantity("pod's resources", name, &amount.0)?;
        }
    }
    Ok(())
}

fn object(wire: Struct) -> Value {
    Value::Object(
        wire.fields
            .into_iter()
            .map(|(name, value)| (name, json(value.kind)))
            .collect(),
    )
}

fn json(kind: Option<Kind>) -> Value {
    match kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => Value::Bool(value),
        Some(Kind::NumberValue(value)) => number(value),
        Some(Kind::StringValue(value)) => Value::String(value),
        Some(Kind::StructValue(value)) => object(value),
        Some(Kind::ListValue(list)) => Value::Array(
            list.values
                .into_iter()
                .map(|value| json(value.kind))
                .collect(),
        ),
    }
}

/// A `Struct` has one kind of number, Kubernetes mostly whole ones.
fn number(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within the range in which a double is exact"
        )]
        let whole = value as i64;
        Value::Number(whole.into())
    } else {
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }
}

/// Kubernetes takes numbers for amounts (`cpu: 2`); the type reads text only.
fn amounts_as_text(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), &mut *field) {
                    ("requests" | "limits", Value::Object(amounts)) => numbers_as_text(amounts),
                    ("sizeLimit", Value::Number(number)) => {
                        let text = number.to_string();
                        *field = Value::String(text);
                    }
                    _ => amounts_as_text(field),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(amounts_as_text),
        _ => {}
    }
}

fn numbers_as_text(amounts: &mut Map<String, Value>) {
    for amount in amounts.values_mut() {
        if let Value::Number(number) = amount {
            let text = number.to_string();
            *amount = Value::String(text);
        }
    }
}
