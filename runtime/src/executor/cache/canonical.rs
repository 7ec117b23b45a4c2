//! Messages as JSON by protobuf's own mapping, which is what Flyte hashes: names in camel case, enums by name, 64-bit integers
//! as texts, bytes in base64, and nothing that has its default value.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use dataplane_proto::flyteidl2::core::{
    self, Literal, LiteralMap, LiteralType, Primitive, Scalar, TypedInterface, VariableMap,
    blob_type::BlobDimensionality, literal, literal_type, primitive, scalar,
    schema_type::schema_column::SchemaColumnType,
};
use prost::Message as _;
use prost_types::{Struct, value::Kind};

use super::object_hash::Json;

/// An object in the making: what has its default value is left out.
#[derive(Default)]
struct Fields(BTreeMap<String, Json>);

impl Fields {
    fn json(self) -> Json {
        Json::Object(self.0)
    }

    fn with(mut self, name: &str, value: Json) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    fn text(self, name: &str, text: &str) -> Self {
        if text.is_empty() {
            self
        } else {
            self.with(name, Json::Text(text.to_owned()))
        }
    }

    fn message<T>(self, name: &str, value: Option<&T>, json: impl Fn(&T) -> Json) -> Self {
        match value {
            Some(value) => self.with(name, json(value)),
            None => self,
        }
    }

    fn list<T>(self, name: &str, items: &[T], json: impl Fn(&T) -> Json) -> Self {
        if items.is_empty() {
            self
        } else {
            self.with(name, Json::List(items.iter().map(json).collect()))
        }
    }

    fn map<T>(self, name: &str, items: &BTreeMap<String, T>, json: impl Fn(&T) -> Json) -> Self {
        if items.is_empty() {
            return self;
        }
        let items = items
            .iter()
            .map(|(key, value)| (key.clone(), json(value)))
            .collect();
        self.with(name, Json::Object(items))
    }

    /// By its name, or by its number when it is of a newer version; left out when it is the first of its kind.
    fn choice(self, name: &str, value: i32, named: Option<&'static str>) -> Self {
        match (value, named) {
            (0, _) => self,
            (_, Some(named)) => self.text(name, named),
            (_, None) => self.with(name, Json::Number(f64::from(value))),
        }
    }
}

fn one(name: &str, value: Json) -> Json {
    Fields::default().with(name, value).json()
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

/// A task's name. Its version is left out: another version with the same interface may have the same results.
pub fn identifier(id: &core::Identifier) -> Json {
    Fields::default()
        .choice(
            "resourceType",
            id.resource_type,
            core::ResourceType::try_from(id.resource_type)
                .ok()
                .map(|kind| kind.as_str_name()),
        )
        .text("project", &id.project)
        .text("domain", &id.domain)
        .text("name", &id.name)
        .text("org", &id.org)
        .json()
}

/// Inputs and outputs of an interface.
pub fn interface(interface: &TypedInterface) -> (Json, Json) {
    let variables = |map: &Option<VariableMap>| {
        let entries = map.as_ref().map_or(&[][..], |map| &map.variables);
        Fields::default()
            .list("variables", entries, |entry| {
                Fields::default()
                    .text("key", &entry.key)
                    .message("value", entry.value.as_ref(), variable)
                    .json()
            })
            .json()
    };
    (variables(&interface.inputs), variables(&interface.outputs))
}

fn variable(variable: &core::Variable) -> Json {
    // Artifacts of a variable are not spelled out: Flyte's client sets none.
    let opaque = |bytes: Vec<u8>| text(&STANDARD.encode(bytes));
    Fields::default()
        .message("type", variable.r#type.as_ref(), literal_type)
        .text("description", &variable.description)
        .message(
            "artifactPartialId",
            variable.artifact_partial_id.as_ref(),
            |id| opaque(id.encode_to_vec()),
        )
        .message("artifactTag", variable.artifact_tag.as_ref(), |tag| {
            opaque(tag.encode_to_vec())
        })
        .json()
}

fn literal_type(of: &LiteralType) -> Json {
    let fields = match &of.r#type {
        None => Fields::default(),
        Some(literal_type::Type::Simple(simple)) => {
            // One of a choice is told even where it is the first of its kind.
            let named = core::SimpleType::try_from(*simple).map_or_else(
                |_| Json::Number(f64::from(*simple)),
                |simple| text(simple.as_str_name()),
            );
            Fields::default().with("simple", named)
        }
        Some(literal_type::Type::Schema(schema)) => {
            Fields::default().with("schema", schema_type(schema))
        }
        Some(literal_type::Type::CollectionType(inner)) => {
            Fields::default().with("collectionType", literal_type(inner))
        }
        Some(literal_type::Type::MapValueType(inner)) => {
            Fields::default().with("mapValueType", literal_type(inner))
        }
        Some(literal_type::Type::Blob(blob)) => Fields::default().with("blob", blob_type(blob)),
        Some(literal_type::Type::EnumType(values)) => Fields::default().with(
            "enumType",
            Fields::default()
                .list("values", &values.values, |value| text(value))
                .json(),
        ),
        Some(literal_type::Type::StructuredDatasetType(dataset)) => {
            Fields::default().with("structuredDatasetType", dataset_type(dataset))
        }
        Some(literal_type::Type::UnionType(union)) => Fields::default().with(
            "unionType",
            Fields::default()
                .list("variants", &union.variants, literal_type)
                .json(),
        ),
    };
    fields
        .message("metadata", of.metadata.as_ref(), structure)
        .message("annotation", of.annotation.as_ref(), |annotation| {
            Fields::default()
                .message("annotations", annotation.annotations.as_ref(), structure)
                .json()
        })
        .message("structure", of.structure.as_ref(), |inner| {
            Fields::default()
                .text("tag", &inner.tag)
                .map("dataclassType", &inner.dataclass_type, literal_type)
                .json()
        })
        .json()
}

fn schema_type(schema: &core::SchemaType) -> Json {
    Fields::default()
        .list("columns", &schema.columns, |column| {
            Fields::default()
                .text("name", &column.name)
                .choice(
                    "type",
                    column.r#type,
                    SchemaColumnType::try_from(column.r#type)
                        .ok()
                        .map(|kind| kind.as_str_name()),
                )
                .json()
        })
        .json()
}

fn blob_type(blob: &core::BlobType) -> Json {
    Fields::default()
        .text("format", &blob.format)
        .choice(
            "dimensionality",
            blob.dimensionality,
            BlobDimensionality::try_from(blob.dimensionality)
                .ok()
                .map(|kind| kind.as_str_name()),
        )
        .json()
}

fn dataset_type(dataset: &core::StructuredDatasetType) -> Json {
    Fields::default()
        .list("columns", &dataset.columns, |column| {
            Fields::default()
                .text("name", &column.name)
                .message("literalType", column.literal_type.as_ref(), literal_type)
                .json()
        })
        .text("format", &dataset.format)
        .text("externalSchemaType", &dataset.external_schema_type)
        .text(
            "externalSchemaBytes",
            &STANDARD.encode(&dataset.external_schema_bytes),
        )
        .json()
}

/// Values by name, those with a hash of their own by that alone.
pub fn literals(map: &LiteralMap) -> Json {
    Fields::default()
        .map("literals", &map.literals, literal)
        .json()
}

pub fn literal(of: &Literal) -> Json {
    if !of.hash.is_empty() {
        return one("hash", text(&of.hash));
    }
    match &of.value {
        // What hangs on a list or a map besides its values does not count.
        Some(literal::Value::Collection(list)) => one(
            "collection",
            Fields::default()
                .list("literals", &list.literals, literal)
                .json(),
        ),
        Some(literal::Value::Map(map)) => one("map", literals(map)),
        value => whole_literal(of, value.as_ref()),
    }
}

fn whole_literal(of: &Literal, value: Option<&literal::Value>) -> Json {
    let fields = match value {
        Some(literal::Value::Scalar(value)) => Fields::default().with("scalar", scalar(value)),
        Some(literal::Value::OffloadedMetadata(offloaded)) => Fields::default().with(
            "offloadedMetadata",
            Fields::default()
                .text("uri", &offloaded.uri)
                .text("sizeBytes", &not_zero(offloaded.size_bytes))
                .message(
                    "inferredType",
                    offloaded.inferred_type.as_ref(),
                    literal_type,
                )
                .json(),
        ),
        Some(literal::Value::Collection(list)) => Fields::default().with(
            "collection",
            Fields::default()
                .list("literals", &list.literals, |literal| {
                    whole_literal(literal, literal.value.as_ref())
                })
                .json(),
        ),
        Some(literal::Value::Map(map)) => Fields::default().with(
            "map",
            Fields::default()
                .map("literals", &map.literals, |literal| {
                    whole_literal(literal, literal.value.as_ref())
                })
                .json(),
        ),
        None => Fields::default(),
    };
    fields
        .text("hash", &of.hash)
        .map("metadata", &of.metadata, |value| text(value))
        .message("artifactId", of.artifact_id.as_ref(), |artifact| {
            Fields::default()
                .message("key", artifact.key.as_ref(), |key| {
                    Fields::default()
                        .text("project", &key.project)
                        .text("domain", &key.domain)
                        .text("name", &key.name)
                        .text("org", &key.org)
                        .json()
                })
                .text("version", &artifact.version)
                .json()
        })
        .json()
}

fn scalar(of: &Scalar) -> Json {
    match &of.value {
        None => Fields::default().json(),
        Some(scalar::Value::Primitive(value)) => one("primitive", primitive(value)),
        Some(scalar::Value::Blob(blob)) => one(
            "blob",
            Fields::default()
                .message("metadata", blob.metadata.as_ref(), |metadata| {
                    Fields::default()
                        .message("type", metadata.r#type.as_ref(), blob_type)
                        .json()
                })
                .text("uri", &blob.uri)
                .json(),
        ),
        Some(scalar::Value::Binary(binary)) => one(
            "binary",
            Fields::default()
                .text("value", &STANDARD.encode(&binary.value))
                .text("tag", &binary.tag)
                .json(),
        ),
        Some(scalar::Value::Schema(schema)) => one(
            "schema",
            Fields::default()
                .text("uri", &schema.uri)
                .message("type", schema.r#type.as_ref(), schema_type)
                .json(),
        ),
        Some(scalar::Value::NoneType(core::Void {})) => one("noneType", Fields::default().json()),
        Some(scalar::Value::Error(error)) => one(
            "error",
            Fields::default()
                .text("failedNodeId", &error.failed_node_id)
                .text("message", &error.message)
                .json(),
        ),
        Some(scalar::Value::Generic(generic)) => one("generic", structure(generic)),
        Some(scalar::Value::StructuredDataset(dataset)) => one(
            "structuredDataset",
            Fields::default()
                .text("uri", &dataset.uri)
                .message("metadata", dataset.metadata.as_ref(), |metadata| {
                    Fields::default()
                        .message(
                            "structuredDatasetType",
                            metadata.structured_dataset_type.as_ref(),
                            dataset_type,
                        )
                        .json()
                })
                .json(),
        ),
        Some(scalar::Value::Union(union)) => one(
            "union",
            Fields::default()
                .message("value", union.value.as_deref(), |literal| {
                    whole_literal(literal, literal.value.as_ref())
                })
                .message("type", union.r#type.as_ref(), literal_type)
                .json(),
        ),
    }
}

fn primitive(of: &Primitive) -> Json {
    match &of.value {
        None => Fields::default().json(),
        Some(primitive::Value::Integer(value)) => one("integer", text(&value.to_string())),
        Some(primitive::Value::FloatValue(value)) => one("floatValue", number(*value)),
        Some(primitive::Value::StringValue(value)) => one("stringValue", text(value)),
        Some(primitive::Value::Boolean(value)) => one("boolean", Json::Bool(*value)),
        // Both print as the mapping wants it.
        Some(primitive::Value::Datetime(value)) => one("datetime", text(&value.to_string())),
        Some(primitive::Value::Duration(value)) => one("duration", text(&value.to_string())),
    }
}

fn structure(of: &Struct) -> Json {
    Json::Object(
        of.fields
            .iter()
            .map(|(name, value)| (name.clone(), json_value(value)))
            .collect(),
    )
}

fn json_value(value: &prost_types::Value) -> Json {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(value)) => Json::Bool(*value),
        Some(Kind::NumberValue(value)) => number(*value),
        Some(Kind::StringValue(value)) => text(value),
        Some(Kind::ListValue(list)) => Json::List(list.values.iter().map(json_value).collect()),
        Some(Kind::StructValue(inner)) => structure(inner),
    }
}

fn number(value: f64) -> Json {
    if value.is_nan() {
        text("NaN")
    } else if value.is_infinite() {
        text(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        Json::Number(value)
    }
}

fn not_zero(value: u64) -> String {
    if value == 0 {
        String::new()
    } else {
        value.to_string()
    }
}
