//! The task's template, read into what is run.

use std::time::Duration;

use dataplane_proto::flyteidl2::core::TaskTemplate;
use prost::Message;

use super::action::InvalidSpec;

/// What a template says.
#[derive(Clone, Debug)]
pub struct Template {
    /// Attempts after the first.
    pub retries: u32,
    /// How long an attempt may run.
    pub timeout: Option<Duration>,
    pub interruptible: bool,
    /// Whether the result may be taken from the cache.
    pub discoverable: bool,
}

impl Template {
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidSpec> {
        let template = TaskTemplate::decode(bytes)
            .map_err(|error| InvalidSpec(format!("taskTemplate is no TaskTemplate: {error}")))?;
        let metadata = template.metadata.unwrap_or_default();
        Ok(Self {
            retries: metadata.retries.map_or(0, |retries| retries.retries),
            timeout: metadata
                .timeout
                .and_then(|timeout| Duration::try_from(timeout).ok())
                .filter(|timeout| !timeout.is_zero()),
            interruptible: false,
            discoverable: metadata.discoverable,
        })
    }
}
