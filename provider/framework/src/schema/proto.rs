//! Schemas in the protocol's form.

use dataplane_proto::tfplugin6::{self, StringKind, schema};

use super::{Kind, Nesting, Presence, Schema, SchemaAttribute};

impl Schema {
    /// The schema as Terraform takes it, with the version of the state it describes.
    #[must_use]
    pub fn to_proto(&self, version: i64) -> tfplugin6::Schema {
        tfplugin6::Schema {
            version,
            block: Some(schema::Block {
                version,
                attributes: self
                    .attributes
                    .iter()
                    .map(SchemaAttribute::to_proto)
                    .collect(),
                description: self.description.clone(),
                description_kind: StringKind::Markdown.into(),
                ..schema::Block::default()
            }),
        }
    }
}

impl SchemaAttribute {
    fn to_proto(&self) -> schema::Attribute {
        let (plain, nested) = match &self.kind {
            Kind::Leaf(plain) => (plain.to_json().into_bytes(), None),
            Kind::Nested(nesting, schema) => (Vec::new(), Some(object(*nesting, schema))),
        };
        schema::Attribute {
            name: self.name.to_owned(),
            r#type: plain,
            nested_type: nested,
            description: self.description.to_owned(),
            required: self.presence == Presence::Required,
            optional: matches!(
                self.presence,
                Presence::Optional | Presence::OptionalComputed
            ),
            computed: self.presence.is_computed(),
            sensitive: self.sensitive,
            description_kind: StringKind::Markdown.into(),
            deprecated: self.deprecated.is_some(),
            write_only: self.write_only,
            deprecation_message: self.deprecated.unwrap_or_default().to_owned(),
        }
    }
}

fn object(nesting: Nesting, nested: &Schema) -> schema::Object {
    use schema::object::NestingMode;
    schema::Object {
        attributes: nested
            .attributes
            .iter()
            .map(SchemaAttribute::to_proto)
            .collect(),
        nesting: match nesting {
            Nesting::Single => NestingMode::Single,
            Nesting::List => NestingMode::List,
            Nesting::Set => NestingMode::Set,
            Nesting::Map => NestingMode::Map,
        }
        .into(),
        ..schema::Object::default()
    }
}
