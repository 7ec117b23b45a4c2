//! Why an attempt failed, and what may be done about it.

use dataplane_api::task_action::ErrorKind;

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whose fault it was.
    pub kind: ErrorKind,
    pub retry: Retry,
}

/// What may be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It would fail again.
    No,
    /// Another attempt, as long as the template's retries last.
    User,
    /// Another pod that does not count as an attempt of the task's, as long as the executor's own limit lasts.
    System,
    /// The same, and Kubernetes itself says that the pod was taken away for reasons that no task can bring about.
    Disruption,
}
