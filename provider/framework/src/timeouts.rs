//! The `timeouts` attribute of resources that wait.

use std::time;

use crate::text::Duration;
use crate::{Model, Text, Value, Verb};

/// How long operations may take before they are given up.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct Timeouts {
    /// How long creating the object may take, such as `30m`.
    #[attr(optional)]
    pub create: Value<Text<Duration>>,
    /// How long reading the object may take.
    #[attr(optional)]
    pub read: Value<Text<Duration>>,
    /// How long updating the object may take.
    #[attr(optional)]
    pub update: Value<Text<Duration>>,
    /// How long deleting the object may take. It counts only after an apply has stored it.
    #[attr(optional)]
    pub delete: Value<Text<Duration>>,
}

impl Timeouts {
    /// What the user set for this kind of operation.
    pub fn of(&self, verb: Verb) -> Option<time::Duration> {
        let timeout = match verb {
            Verb::Create => &self.create,
            Verb::Update => &self.update,
            Verb::Delete => &self.delete,
            _ => &self.read,
        };
        timeout.known().map(|timeout| timeout.get())
    }
}
