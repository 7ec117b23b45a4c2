//! A transition of an action, as it is told to the control plane and written into the status.

use std::num::NonZeroU32;

use dataplane_proto::flyteidl2::{
    common::ActionPhase,
    core::{CatalogCacheStatus, LogContext},
};
use k8s_openapi::jiff::Timestamp;

use super::{action::ActionId, failure::Failure};

/// A transition of an action: all that its event says, besides where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    pub id: ActionId,
    pub attempt: NonZeroU32,
    pub phase: Phase,
    /// Tells transitions of the same attempt into the same phase apart.
    pub version: u32,
    pub at: Timestamp,
    /// Why, for people; may be empty.
    pub reason: String,
    /// Of a failed attempt.
    pub failure: Option<Failure>,
    /// Where its outputs are.
    pub place: Place,
    pub cache: CatalogCacheStatus,
    /// Where the logs are, once there is a pod.
    pub logs: Option<LogContext>,
}

/// Where the outputs of an attempt are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere.
    None,
    /// With all else that the attempt writes, under this prefix without a slash behind.
    Prefix(String),
    /// In this object, of another run.
    Outputs(String),
}

impl Transition {
    /// The object of the outputs.
    pub fn outputs(&self) -> Option<String> {
        match &self.place {
            Place::None => None,
            Place::Prefix(prefix) => Some(format!("{prefix}/outputs.pb")),
            Place::Outputs(uri) => Some(uri.clone()),
        }
    }

    /// The object of the report.
    pub fn report(&self) -> Option<String> {
        match &self.place {
            Place::None | Place::Outputs(_) => None,
            Place::Prefix(prefix) => Some(format!("{prefix}/report.html")),
        }
    }
}

/// A phase of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    Queued,
    Initializing,
    Executing,
    Succeeded,
    /// Another run did it, which this one recovers.
    Recovered,
    /// The attempt failed, and there will be another.
    RetryableFailure,
    PermanentFailure,
    TimedOut,
    Aborted,
    /// The resource asks for nothing that could be run.
    InvalidSpec,
    /// Nothing here runs tasks of this type.
    PluginNotFound,
}

impl Phase {
    /// Reason of the conditions, and phase of the history.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Initializing => "Initializing",
            Self::Executing => "Executing",
            Self::Succeeded => "Completed",
            Self::Recovered => "Recovered",
            Self::RetryableFailure => "RetryableFailure",
            Self::PermanentFailure => "PermanentFailure",
            Self::TimedOut => "TimedOut",
            Self::Aborted => "Aborted",
            Self::InvalidSpec => "InvalidSpec",
            Self::PluginNotFound => "PluginNotFound",
        }
    }

    /// Whether an action that enters it is over.
    pub fn is_terminal(self) -> bool {
        !matches!(
            self,
            Self::Queued | Self::Initializing | Self::Executing | Self::RetryableFailure
        )
    }

    /// What the control plane calls it.
    pub fn wire(self) -> ActionPhase {
        match self {
            Self::Queued => ActionPhase::Queued,
            Self::Initializing => ActionPhase::Initializing,
            Self::Executing => ActionPhase::Running,
            Self::Succeeded => ActionPhase::Succeeded,
            Self::Recovered => ActionPhase::Recovered,
            Self::RetryableFailure
            | Self::PermanentFailure
            | Self::InvalidSpec
            | Self::PluginNotFound => ActionPhase::Failed,
            Self::TimedOut => ActionPhase::TimedOut,
            Self::Aborted => ActionPhase::Aborted,
        }
    }
}
