//! Requests and limits of a task's containers: what they ask for, repaired and filled up.

use std::collections::{BTreeMap, BTreeSet};

use dataplane_api::{config::TaskDefaults, quantity::Quantity};
use k8s_openapi::{
    api::core::v1::ResourceRequirements, apimachinery::pkg::api::resource::Quantity as Written,
};

use super::BuildError;
use crate::executor::template::Amounts;

/// Which container of a task it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that the task is.
    Primary,
    /// A sidecar or one that runs before.
    Other,
}

type Parsed = BTreeMap<String, Quantity>;

/// What a task's container gets when neither its template nor the settings say anything, as with Flyte's executor.
const CPU: &str = "1";
const MEMORY: &str = "1Gi";

pub(super) fn of_task(amounts: &Amounts) -> ResourceRequirements {
    ResourceRequirements {
        requests: Some(written(amounts.requests.clone())),
        limits: Some(written(amounts.limits.clone())),
        claims: None,
    }
}

/// Fills up what a container leaves open: a request is its limit or the default, a limit is its request unless the default is
/// more, and no request is above its limit.
pub(super) fn complete(
    resources: ResourceRequirements,
    role: Role,
    container: &str,
    defaults: &TaskDefaults,
) -> Result<ResourceRequirements, BuildError> {
    let mut requests = parsed(resources.requests, container)?;
    let mut limits = parsed(resources.limits, container)?;
    let (cpu, memory) = match role {
        Role::Primary => (CPU.parse().ok(), MEMORY.parse().ok()),
        Role::Other => (None, None),
    };
    let compute = [
        ("cpu", &defaults.requests.cpu, &defaults.limits.cpu, cpu),
        (
            "memory",
            &defaults.requests.memory,
            &defaults.limits.memory,
            memory,
        ),
    ];
    for (name, default_request, default_limit, last_resort) in compute {
        let default_request = default_request.clone().or(last_resort);
        let request = requests.remove(name).filter(is_some_amount);
        let limit = limits.remove(name).filter(is_some_amount);
        let (request, limit) = settle(request, limit, default_request, default_limit.clone(), role);
        requests.extend(request.map(|amount| (name.to_owned(), amount)));
        limits.extend(limit.map(|amount| (name.to_owned(), amount)));
    }
    let others: BTreeSet<String> = requests
        .keys()
        .chain(limits.keys())
        .filter(|name| !matches!(name.as_str(), "cpu" | "memory"))
        .cloned()
        .collect();
    for name in others {
        let request = requests.remove(&name);
        let limit = limits.remove(&name);
        let (request, limit) = if is_counted(&name) {
            let amount = counted(&name, request, limit, container)?;
            (Some(amount.clone()), Some(amount))
        } else {
            settle(request, limit, None, None, role)
        };
        requests.extend(request.map(|amount| (name.clone(), amount)));
        limits.extend(limit.map(|amount| (name, amount)));
    }
    let written = |amounts: Parsed| (!amounts.is_empty()).then(|| written(amounts));
    Ok(ResourceRequirements {
        requests: written(requests),
        limits: written(limits),
        claims: resources.claims,
    })
}

fn settle(
    request: Option<Quantity>,
    limit: Option<Quantity>,
    default_request: Option<Quantity>,
    default_limit: Option<Quantity>,
    role: Role,
) -> (Option<Quantity>, Option<Quantity>) {
    let request = request.or_else(|| limit.clone()).or(default_request);
    let limit = limit.or_else(|| match (default_limit, &request) {
        (Some(default), Some(request)) if request.exceeds(&default) => Some(request.clone()),
        (Some(default), _) => Some(default),
        (None, _) if role == Role::Primary => request.clone(),
        (None, _) => None,
    });
    let request = match (request, &limit) {
        (Some(request), Some(limit)) if request.exceeds(limit) => Some(limit.clone()),
        (request, _) => request,
    };
    (request, limit)
}

/// Whether a resource is handed out whole: devices and huge pages, whose request must equal the limit.
fn is_counted(name: &str) -> bool {
    name.starts_with("hugepages-") || (name.contains('/') && !name.contains("kubernetes.io/"))
}

fn counted(
    name: &str,
    request: Option<Quantity>,
    limit: Option<Quantity>,
    container: &str,
) -> Result<Quantity, BuildError> {
    let amount = match (request, limit) {
        (Some(request), Some(limit)) if request != limit => {
            return Err(BuildError::Invalid(format!(
                "the container {container:?} asks for {request} of {name} with a limit of {limit}; Kubernetes wants both to be equal"
            )));
        }
        (Some(amount), _) | (None, Some(amount)) => amount,
        (None, None) => {
            return Err(BuildError::Invalid(format!(
                "the container {container:?} asks for no amount of {name}"
            )));
        }
    };
    let text = amount.to_string();
    if text.ends_with('m') || text.ends_with('u') || text.ends_with('n') {
        return Err(BuildError::Invalid(format!(
            "the container {container:?} asks for {amount} of {name}, which is only handed out whole"
        )));
    }
    Ok(amount)
}

fn parsed(
    amounts: Option<BTreeMap<String, Written>>,
    container: &str,
) -> Result<Parsed, BuildError> {
    amounts
        .unwrap_or_default()
        .into_iter()
        .map(|(name, Written(text))| {
            let amount = text.parse().map_err(|error| {
                BuildError::Invalid(format!("{name} of the container {container:?}: {error}"))
            })?;
            Ok((name, amount))
        })
        .collect()
}

fn written(amounts: Parsed) -> BTreeMap<String, Written> {
    amounts
        .into_iter()
        .map(|(name, amount)| (name, Written(amount.to_string())))
        .collect()
}

/// Zero of a resource that every container needs is the same as nothing said.
fn is_some_amount(amount: &Quantity) -> bool {
    amount.to_string() != "0"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirements(requests: &[(&str, &str)], limits: &[(&str, &str)]) -> ResourceRequirements {
        let map = |amounts: &[(&str, &str)]| {
            let amounts = amounts
                .iter()
                .map(|(name, amount)| ((*name).to_owned(), Written((*amount).to_owned())));
            (amounts.len() > 0).then(|| amounts.collect())
        };
        ResourceRequirements {
            requests: map(requests),
            limits: map(limits),
            claims: None,
        }
    }

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    #[track_caller]
    fn check(
        role: Role,
        defaults: &TaskDefaults,
        given: (Pairs<'_>, Pairs<'_>),
        expected: (Pairs<'_>, Pairs<'_>),
    ) {
        let complete = complete(requirements(given.0, given.1), role, "c", defaults).unwrap();
        assert_eq!(complete, requirements(expected.0, expected.1));
    }

    fn defaults(requests: [&str; 2], limits: [&str; 2]) -> TaskDefaults {
        serde_json::from_value(serde_json::json!({
            "requests": { "cpu": requests[0], "memory": requests[1] },
            "limits": { "cpu": limits[0], "memory": limits[1] },
        }))
        .unwrap()
    }

    #[test]
    fn a_primary_container_always_has_compute() {
        let none = TaskDefaults::default();
        let all: Pairs<'_> = &[("cpu", "1"), ("memory", "1Gi")];
        check(Role::Primary, &none, (&[], &[]), (all, all));
        check(
            Role::Primary,
            &none,
            (&[("cpu", "0")], &[("memory", "0")]),
            (all, all),
        );
        let asked: Pairs<'_> = &[("cpu", "2"), ("memory", "512Mi")];
        check(Role::Primary, &none, (asked, &[]), (asked, asked));
        check(Role::Primary, &none, (&[], asked), (asked, asked));
    }

    #[test]
    fn a_request_above_its_limit_is_lowered() {
        let limits: Pairs<'_> = &[("cpu", "1"), ("memory", "1Gi")];
        check(
            Role::Primary,
            &TaskDefaults::default(),
            (&[("cpu", "4"), ("memory", "2Gi")], limits),
            (limits, limits),
        );
        let sidecar: Pairs<'_> = &[("cpu", "100m")];
        check(
            Role::Other,
            &TaskDefaults::default(),
            (&[("cpu", "1")], sidecar),
            (sidecar, sidecar),
        );
    }

    #[test]
    fn the_settings_fill_what_is_open() {
        let settings = defaults(["500m", "256Mi"], ["2", "1Gi"]);
        let requests: Pairs<'_> = &[("cpu", "500m"), ("memory", "256Mi")];
        let limits: Pairs<'_> = &[("cpu", "2"), ("memory", "1Gi")];
        check(Role::Primary, &settings, (&[], &[]), (requests, limits));
        check(Role::Other, &settings, (&[], &[]), (requests, limits));
        check(
            Role::Primary,
            &settings,
            (&[("cpu", "4")], &[("memory", "64Mi")]),
            (
                &[("cpu", "4"), ("memory", "64Mi")],
                &[("cpu", "4"), ("memory", "64Mi")],
            ),
        );
    }

    #[test]
    fn a_sidecar_that_says_nothing_stays_without() {
        check(
            Role::Other,
            &TaskDefaults::default(),
            (&[], &[]),
            (&[], &[]),
        );
        let memory: Pairs<'_> = &[("memory", "64Mi")];
        check(
            Role::Other,
            &TaskDefaults::default(),
            (memory, &[]),
            (memory, &[]),
        );
    }

    #[test]
    fn devices_have_equal_request_and_limit() {
        let expected: Pairs<'_> = &[("nvidia.com/gpu", "1")];
        check(
            Role::Other,
            &TaskDefaults::default(),
            (expected, &[]),
            (expected, expected),
        );
        check(
            Role::Other,
            &TaskDefaults::default(),
            (&[], expected),
            (expected, expected),
        );
    }

    #[test]
    fn a_task_may_not_use_more_disk_than_it_asks_for() {
        let disk: Pairs<'_> = &[("ephemeral-storage", "10Gi")];
        let all: Pairs<'_> = &[
            ("cpu", "1"),
            ("ephemeral-storage", "10Gi"),
            ("memory", "1Gi"),
        ];
        check(
            Role::Primary,
            &TaskDefaults::default(),
            (disk, &[]),
            (all, all),
        );
        check(
            Role::Other,
            &TaskDefaults::default(),
            (disk, &[]),
            (disk, &[]),
        );
        check(
            Role::Other,
            &TaskDefaults::default(),
            (&[], disk),
            (disk, disk),
        );
    }

    #[test]
    fn what_no_node_could_give_is_refused() {
        for (given, problem) in [
            (
                requirements(&[("nvidia.com/gpu", "1")], &[("nvidia.com/gpu", "2")]),
                "equal",
            ),
            (requirements(&[("nvidia.com/gpu", "500m")], &[]), "whole"),
            (requirements(&[("cpu", "many")], &[]), "cpu"),
            (requirements(&[("memory", "-1Gi")], &[]), "memory"),
        ] {
            let error = complete(given, Role::Primary, "main", &TaskDefaults::default())
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(problem) && error.contains("\"main\""),
                "{error}"
            );
        }
    }
}
