//! How many of anything a template may have: what is done for each of them stays short, and what they take in memory is known.
//!
//! A template of a megabyte can have hundreds of thousands of empty entries, each of which is hundreds of bytes once it is read.

use std::collections::BTreeMap;

use dataplane_proto::flyteidl2::core;
use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements, Volume};
use prost_types::{Struct, value::Kind};

use super::{InvalidSpec, invalid};

const CONTAINERS: usize = 200;
const VOLUMES: usize = 500;
const ARGUMENTS: usize = 10_000;
const VARIABLES: usize = 5_000;
const AMOUNTS: usize = 1_000;
/// Fields and entries of a pod spec, at any depth.
const VALUES: usize = 50_000;
/// About what a field or entry takes, besides those that are counted for themselves.
const VALUE: usize = 256;
/// A pair of short texts takes about so many times its encoded length.
const PAIR: usize = 12;

/// Bytes of a container task that was read of so many.
pub(super) fn size_of_container(encoded: usize) -> usize {
    PAIR * encoded
}

/// Bytes of a pod task that was read of so many, and of so many values.
pub(super) fn size_of_pod(encoded: usize, values: usize, spec: &PodSpec) -> usize {
    let containers = spec.containers.len() + spec.init_containers.as_ref().map_or(0, Vec::len);
    let volumes = spec.volumes.as_ref().map_or(0, Vec::len);
    2 * encoded
        + VALUE * values
        + size_of::<Container>() * containers
        + size_of::<Volume>() * volumes
}

pub(super) fn of_container(container: &core::Container) -> Result<(), InvalidSpec> {
    let resources = container.resources.as_ref();
    let amounts = resources.map_or(0, |resources| {
        resources.requests.len() + resources.limits.len()
    });
    at_most(
        "arguments",
        container.command.len() + container.args.len(),
        ARGUMENTS,
    )?;
    at_most("environment variables", container.env.len(), VARIABLES)?;
    at_most("amounts of resources", amounts, AMOUNTS)
}

/// The values of a pod spec that is yet to be read, when they are not too many.
pub(super) fn of_values(spec: &Struct) -> Result<usize, InvalidSpec> {
    let values = values_of(spec);
    at_most("fields of its pod spec", values, VALUES)?;
    Ok(values)
}

pub(super) fn of_pod(spec: &PodSpec) -> Result<(), InvalidSpec> {
    let containers = || {
        let init = spec.init_containers.iter().flatten();
        spec.containers.iter().chain(init)
    };
    let sum = |of: fn(&Container) -> usize| containers().map(of).sum::<usize>();
    let volumes = spec.volumes.as_ref().map_or(0, Vec::len);
    at_most("containers", containers().count(), CONTAINERS)?;
    at_most("volumes", volumes, VOLUMES)?;
    at_most("arguments", sum(arguments), ARGUMENTS)?;
    at_most("environment variables", sum(variables), VARIABLES)?;
    at_most("amounts of resources", sum(amounts), AMOUNTS)
}

fn arguments(container: &Container) -> usize {
    let count = |list: &Option<Vec<String>>| list.as_ref().map_or(0, Vec::len);
    count(&container.command) + count(&container.args)
}

fn variables(container: &Container) -> usize {
    container.env.as_ref().map_or(0, Vec::len)
}

fn amounts(container: &Container) -> usize {
    let of = |resources: &ResourceRequirements| {
        let lists = [&resources.requests, &resources.limits];
        lists.into_iter().flatten().map(BTreeMap::len).sum()
    };
    container.resources.as_ref().map_or(0, of)
}

fn values_of(structure: &Struct) -> usize {
    structure.fields.values().map(count_of).sum()
}

fn count_of(value: &prost_types::Value) -> usize {
    1 + match &value.kind {
        Some(Kind::StructValue(structure)) => values_of(structure),
        Some(Kind::ListValue(list)) => list.values.iter().map(count_of).sum(),
        _ => 0,
    }
}

fn at_most(what: &str, count: usize, most: usize) -> Result<(), InvalidSpec> {
    if count <= most {
        return Ok(());
    }
    Err(invalid(
        "template",
        format!(
            "has {count} {what}, and at most {most} are read; pass what is so much by the object store"
        ),
    ))
}
