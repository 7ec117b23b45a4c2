//! What an attempt left in the object store: its error, its outputs, or nothing.
//!
//! An error counts before outputs do, as in Flyte: a task that failed may have written both. What is read is bounded, and what
//! cannot be understood is a failure of the attempt, since reading it again would say the same.

use dataplane_api::{object_uri::ObjectUri, task_action::ErrorKind};
use dataplane_proto::flyteidl2::core::{ErrorDocument, container_error, execution_error};
use dataplane_store::{Store, StoreError};
use futures::future;
use prost::Message as _;

use super::failure::{Failure, Retry};

const ERROR: &str = "error.pb";
const OUTPUTS: &str = "outputs.pb";

/// Largest error that is read, which is Flyte's own limit of a message.
const LARGEST: u64 = 2 << 20;
/// Longest message that is passed on. It goes into the status of a resource, whose size is limited.
const LONGEST: usize = 32 << 10;

/// What an attempt left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Outputs, and no error.
    Outputs,
    /// Neither: all is well if the task has no outputs.
    NoOutputs,
    /// An error.
    Error(Failure),
}

/// Reads what is under the prefix of an attempt. The error that was [`left`] there by an earlier pod counts as none.
pub async fn read(store: &Store, prefix: &ObjectUri, left: &str) -> Result<Outcome, StoreError> {
    let (error, outputs) = (object(prefix, ERROR)?, object(prefix, OUTPUTS)?);
    let said = async {
        if !left.is_empty() && store.fingerprint(&error).await?.as_deref() == Some(left) {
            return Ok(None);
        }
        store.read(&error, LARGEST).await
    };
    let (found, written) = future::join(said, store.exists(&outputs)).await;
    match found {
        Ok(Some(document)) => Ok(Outcome::Error(understand(&document, &error))),
        Err(StoreError::TooLarge { size, limit, .. }) => Ok(Outcome::Error(Failure {
            code: "ErrorFileTooLarge".to_owned(),
            message: format!(
                "the task failed; why is not known, for its error {error} has {size} bytes or more, and {limit} are read"
            ),
            kind: ErrorKind::User,
            retry: Retry::User,
        })),
        Err(error) => Err(error),
        Ok(None) if written? => Ok(Outcome::Outputs),
        Ok(None) => Ok(Outcome::NoOutputs),
    }
}

/// What the error can be told by that is under the prefix now. All pods of an attempt write to the same place, and one that is
/// lost may have said something before.
pub async fn left(store: &Store, prefix: &ObjectUri) -> Result<Option<String>, StoreError> {
    store.fingerprint(&object(prefix, ERROR)?).await
}

fn object(prefix: &ObjectUri, name: &str) -> Result<ObjectUri, StoreError> {
    prefix.join(name).map_err(|_| StoreError::NoObject {
        uri: prefix.clone(),
    })
}

/// The failure of a task that has outputs, ended well and wrote none. Flyte's executor asks for them for ever.
pub fn no_outputs(prefix: &ObjectUri) -> Failure {
    Failure {
        code: "OutputsNotFound".to_owned(),
        message: format!(
            "the task ended without an error, but its outputs are not at {prefix}/{OUTPUTS}"
        ),
        kind: ErrorKind::User,
        retry: Retry::User,
    }
}

fn understand(document: &[u8], uri: &ObjectUri) -> Failure {
    let broken = |why: &str| Failure {
        code: "ErrorFileBadFormat".to_owned(),
        message: format!("the task failed; why is not known, for its error {uri} {why}"),
        kind: ErrorKind::System,
        retry: Retry::System,
    };
    let error = match ErrorDocument::decode(document) {
        Ok(ErrorDocument { error: Some(error) }) => error,
        Ok(ErrorDocument { error: None }) => return broken("says nothing"),
        Err(error) => return broken(&format!("can't be read: {error}")),
    };
    let kind = match error.origin() {
        execution_error::ErrorKind::Unknown => ErrorKind::Unset,
        execution_error::ErrorKind::User => ErrorKind::User,
        execution_error::ErrorKind::System => ErrorKind::System,
    };
    let retry = match (error.kind(), kind) {
        (container_error::Kind::NonRecoverable, _) => Retry::No,
        (container_error::Kind::Recoverable, ErrorKind::System) => Retry::System,
        (container_error::Kind::Recoverable, ErrorKind::User | ErrorKind::Unset) => Retry::User,
    };
    let or = |text: &str, otherwise: &str| {
        let text = if text.is_empty() { otherwise } else { text };
        shortened(text)
    };
    Failure {
        code: or(&error.code, "Unknown"),
        message: or(&error.message, "the task failed and did not say why"),
        kind,
        retry,
    }
}

/// Begin and end of a text that is too long: a traceback ends with what matters.
fn shortened(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let half = LONGEST / 2;
    let begin = &text[..text.floor_char_boundary(half)];
    let end = &text[text.ceil_char_boundary(text.len() - half)..];
    let left_out = text.len() - begin.len() - end.len();
    format!("{begin}\n… {left_out} bytes left out …\n{end}")
}

#[cfg(test)]
mod tests;
