//! Between a model in HCL and the document that the operator reads.

use dataplane_api::{
    OperatorConfig,
    config::{ConfigError, ContainerLimits},
};
use framework::{Attribute, AttributePath, Cty, Diagnostic, Diagnostics, Model, Result, json};
use serde_json::{Map, Value as Json};

/// The configuration that a model describes; `None` while a part of it is not known yet. What is wrong is reported at its attribute.
pub fn config_of(model: &impl Model) -> Result<Option<OperatorConfig>> {
    let Some(document) = document(model, &fields_of_config())? else {
        return Ok(None);
    };
    OperatorConfig::from_value(document)
        .map(Some)
        .map_err(|error| explained(&error))
}

/// These attributes of a model as a document; `None` while one is not known yet.
pub fn document(model: &impl Attribute, fields: &[String]) -> Result<Option<Json>> {
    let mut members = Map::new();
    let encoded = model.encode();
    for field in fields {
        let value = encoded.get(field).unwrap_or(&Cty::Null);
        if !value.is_wholly_known() {
            return Ok(None);
        }
        members.insert(field.clone(), json::to_untyped(value)?);
    }
    if let Some(patches) = members.get_mut("patches").and_then(Json::as_array_mut) {
        for patch in patches {
            parse_merge(patch);
        }
    }
    let mut document = Json::Object(members);
    without_nulls(&mut document);
    if let Some(limits) = document.get_mut("limits").and_then(Json::as_object_mut) {
        // A data source's arguments come without the defaults that a resource's plan fills in.
        let ContainerLimits {
            requests,
            limits: most,
        } = ContainerLimits::default();
        limits
            .entry("requests")
            .or_insert(serde_json::to_value(requests)?);
        limits
            .entry("limits")
            .or_insert(serde_json::to_value(most)?);
    }
    Ok(Some(document))
}

/// Puts a configuration into a model, for an import.
pub fn model_of<M: Model>(config: &OperatorConfig) -> Result<M> {
    decoded(serde_json::to_value(config)?)
}

/// Puts a document into a model whose attributes have the same names.
pub fn decoded<M: Model>(mut document: Json) -> Result<M> {
    for patch in document
        .get_mut("patches")
        .and_then(Json::as_array_mut)
        .into_iter()
        .flatten()
    {
        let merge = patch["merge"].to_string();
        patch["merge"] = Json::String(merge);
    }
    // What is empty is not written; as arguments these default to empty.
    let list = || Json::Array(Vec::new());
    let map = || Json::Object(Map::new());
    if let Some(members) = document.as_object_mut() {
        for field in ["image_pull_secrets", "tolerations", "patches"] {
            members.entry(field).or_insert_with(list);
        }
        for field in ["labels", "node_selector"] {
            members.entry(field).or_insert_with(map);
        }
        if let Some(Json::Object(egress)) = members.get_mut("egress") {
            egress.entry("dns").or_insert_with(list);
        }
        if let Some(executor) = members
            .get_mut("components")
            .and_then(|components| components.get_mut("executor"))
            .and_then(Json::as_object_mut)
        {
            for field in ["namespaces", "pod_privileges"] {
                executor.entry(field).or_insert_with(list);
            }
            if let Some(Json::Object(tasks)) = executor.get_mut("tasks") {
                for field in ["tolerations", "interruptible_tolerations"] {
                    tasks.entry(field).or_insert_with(list);
                }
                for field in [
                    "environment",
                    "labels",
                    "annotations",
                    "node_selector",
                    "interruptible_node_selector",
                ] {
                    tasks.entry(field).or_insert_with(map);
                }
            }
        }
        members.entry("dns").or_insert_with(list);
        for peer in dns_peers(members) {
            peer.entry("pod_labels").or_insert_with(map);
            for field in ["cidrs", "ports"] {
                peer.entry(field).or_insert_with(list);
            }
        }
        let destinations = match members.get_mut("egress") {
            Some(Json::Object(egress)) => egress.values_mut().collect(),
            Some(Json::Array(egress)) => egress.iter_mut().collect(),
            _ => Vec::new(),
        };
        for destination in destinations.into_iter().filter_map(Json::as_object_mut) {
            destination.entry("ports").or_insert_with(list);
        }
    }
    M::decode(&json::untyped(&document), &AttributePath::root())
}

/// The DNS servers of an operator's document and of a workspace's.
fn dns_peers(members: &mut Map<String, Json>) -> Vec<&mut Map<String, Json>> {
    let mut lists = Vec::new();
    for (name, member) in members {
        match name.as_str() {
            "egress" => lists.extend(member.get_mut("dns")),
            "dns" => lists.push(member),
            _ => {}
        }
    }
    lists
        .into_iter()
        .filter_map(Json::as_array_mut)
        .flatten()
        .filter_map(Json::as_object_mut)
        .collect()
}

/// The names of the top-level fields of the document.
fn fields_of_config() -> Vec<String> {
    let schema = OperatorConfig::schema();
    let properties = schema.get("properties").and_then(Json::as_object);
    properties
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default()
}

fn parse_merge(patch: &mut Json) {
    let parsed = patch["merge"]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok());
    if let Some(parsed) = parsed {
        patch["merge"] = parsed;
    }
}

/// Null means that nothing is given, but in a merge patch it removes.
fn without_nulls(value: &mut Json) {
    match value {
        Json::Object(members) => {
            members.retain(|_, value| !value.is_null());
            for (name, value) in members.iter_mut() {
                if name != "merge" {
                    without_nulls(value);
                }
            }
        }
        Json::Array(elements) => elements.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// An error of the document at the attribute of the same name.
pub fn explained(error: &ConfigError) -> Diagnostics {
    at(&error.field, error.reason.clone())
}

/// What is wrong with a field of a document, at the attribute of the same name.
pub fn at(field: &str, reason: String) -> Diagnostics {
    let mut path = AttributePath::root();
    // Below lists and maps the names of steps are not unique: the attribute above them is close enough.
    for step in field
        .split('.')
        .take(3)
        .take_while(|step| !step.is_empty() && !step.contains('['))
    {
        path = path.attribute(step);
    }
    let diagnostic = Diagnostic::error(format!("`{field}` is not valid"), reason);
    if path.is_root() {
        diagnostic.into()
    } else {
        diagnostic.at(path).into()
    }
}
