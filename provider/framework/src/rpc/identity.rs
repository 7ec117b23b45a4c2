//! Identities: the attributes that tell one object from all others. Terraform before 1.12 passes over them.

use dataplane_proto::tfplugin6::{
    ResourceIdentityData, ResourceIdentitySchema, resource_identity_schema as wire_schema,
};

use crate::schema::{Presence, Schema, SchemaAttribute, field};
use crate::{Cty, Diagnostic, Result, Type, wire};

fn attributes<'a>(
    schema: &'a Schema,
    names: &'a [&str],
) -> impl Iterator<Item = &'a SchemaAttribute> {
    names.iter().filter_map(|name| schema.attribute(name))
}

fn is_optional(attribute: &SchemaAttribute) -> bool {
    matches!(
        attribute.presence,
        Presence::Optional | Presence::OptionalComputed
    )
}

pub(super) fn schema(schema: &Schema, names: &[&str], version: i64) -> ResourceIdentitySchema {
    let attribute = |attribute: &SchemaAttribute| wire_schema::IdentityAttribute {
        name: attribute.name.to_owned(),
        r#type: attribute.kind.to_type().to_json().into_bytes(),
        required_for_import: !is_optional(attribute),
        optional_for_import: is_optional(attribute),
        description: attribute.description.to_owned(),
    };
    ResourceIdentitySchema {
        version,
        identity_attributes: attributes(schema, names).map(attribute).collect(),
    }
}

pub(super) fn plain_type(schema: &Schema, names: &[&str]) -> Type {
    let attribute =
        |attribute: &SchemaAttribute| (attribute.name.to_owned(), attribute.kind.to_type());
    Type::Object(attributes(schema, names).map(attribute).collect())
}

/// The identity of the object in a state; none where the resource has none or the state does not tell it (yet).
pub(super) fn of_state(schema: &Schema, names: &[&str], state: &Cty) -> Option<Cty> {
    let told = attributes(schema, names).all(|attribute| {
        let value = field(state, attribute.name);
        !value.is_unknown() && (!value.is_null() || is_optional(attribute))
    });
    if names.is_empty() || state.is_null() || !told {
        return None;
    }
    Some(
        names
            .iter()
            .map(|name| (*name, field(state, name).clone()))
            .collect(),
    )
}

pub(super) fn encode(
    schema: &Schema,
    names: &[&str],
    identity: Option<&Cty>,
) -> Result<Option<ResourceIdentityData>> {
    let encoded = identity.map(|identity| {
        let identity_data = Some(wire::encode(identity, &plain_type(schema, names))?);
        Ok(ResourceIdentityData { identity_data })
    });
    encoded.transpose()
}

/// The identity that Terraform sent; null when it sent none.
pub(super) fn decode(
    schema: &Schema,
    names: &[&str],
    data: Option<&ResourceIdentityData>,
) -> Result<Cty> {
    match data {
        Some(data) => wire::decode(data.identity_data.as_ref(), &plain_type(schema, names)),
        None => Ok(Cty::Null),
    }
}

/// An object never becomes another one: complains when a known part of the identity changed.
pub(super) fn check_unchanged(name: &str, before: &Cty, after: Option<&Cty>) -> Result<()> {
    let (Cty::Map(before), Some(Cty::Map(after))) = (before, after) else {
        return Ok(());
    };
    let changed = before
        .iter()
        .find(|(key, value)| !value.is_null() && after.get(*key).is_some_and(|new| new != *value));
    match changed {
        None => Ok(()),
        Some((key, _)) => Err(Diagnostic::error(
            "Unexpected identity change",
            format!("{key} is a part of the identity of {name} and changed without replacement; this is a bug in the provider"),
        )
        .into()),
    }
}
