//! Settings of the components that can be run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConfigError, ExecutorSettings, PermissionLevel};
use crate::{quantity::Quantity, textual::Invalid};

/// Settings of the components that can be run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Components {
    /// The channel to the control plane; it always runs.
    #[serde(default)]
    pub operator: ComponentSettings,
    /// What runs tasks; it does not run when this is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor: Option<ExecutorSettings>,
}

impl Components {
    pub(super) fn validate(&self, permissions: PermissionLevel) -> Result<(), ConfigError> {
        let Self { operator, executor } = self;
        operator.validate("components.operator")?;
        let Some(executor) = executor else {
            return Ok(());
        };
        if permissions == PermissionLevel::Low && executor.namespaces.is_empty() {
            return Err(ConfigError::field(
                "components.executor.namespaces",
                "is empty, which means all, but permissions = \"low\" gives rights in named namespaces only: name those of the workspaces",
            ));
        }
        executor.component().validate("components.executor")
    }
}

/// Settings that every component has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentSettings {
    /// Number of pods; with more than one there is a disruption budget.
    #[serde(default)]
    pub replicas: Replicas,
    /// Requests and limits; those of the component when absent.
    #[serde(default)]
    pub resources: Resources,
}

impl ComponentSettings {
    fn validate(&self, field: &str) -> Result<(), ConfigError> {
        let Resources { requests, limits } = &self.resources;
        for (what, request, limit) in [
            ("cpu", &requests.cpu, &limits.cpu),
            ("memory", &requests.memory, &limits.memory),
        ] {
            if let (Some(request), Some(limit)) = (request, limit)
                && request.exceeds(limit)
            {
                return Err(ConfigError::field(
                    &format!("{field}.resources.requests.{what}"),
                    &format!("{request} is more than the limit of {limit}"),
                ));
            }
        }
        Ok(())
    }
}

/// A number of pods from one to ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Replicas(u8);

impl Replicas {
    /// The number.
    pub fn get(self) -> i32 {
        self.0.into()
    }
}

impl Default for Replicas {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<u8> for Replicas {
    type Error = Invalid;

    fn try_from(number: u8) -> Result<Self, Invalid> {
        if (1..=10).contains(&number) {
            Ok(Self(number))
        } else {
            Err(Invalid::new(
                "a number of replicas",
                &number.to_string(),
                "1 to 10",
            ))
        }
    }
}

impl From<Replicas> for u8 {
    fn from(replicas: Replicas) -> Self {
        replicas.0
    }
}

impl JsonSchema for Replicas {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Replicas".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": 10 })
    }
}

/// Requests and limits of a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// What is reserved.
    #[serde(default)]
    pub requests: Compute,
    /// What can't be exceeded.
    #[serde(default)]
    pub limits: Compute,
}

/// Amounts of CPU and memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compute {
    /// CPU, such as 500m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Memory, such as 512Mi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}
