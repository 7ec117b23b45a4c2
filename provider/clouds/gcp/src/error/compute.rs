//! The codes of Compute Engine: those that its operations end with, in capitals, and those of its answers, in camel case.

use clouds::Error;
use clouds::account::AccountId;
use clouds::error::Call;
use serde::Deserialize;

use super::{Older, Status, meaning};
use crate::session::Service;

/// The errors of an operation: the first one says why.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Failed {
    errors: Vec<One>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct One {
    code: String,
    message: String,
}

/// The error that an operation ended with.
pub(crate) fn from_operation(
    call: Call,
    project: &AccountId,
    status: Option<u16>,
    failed: &Failed,
) -> Error {
    let first = failed.errors.first();
    let (code, message) = first.map_or(("", ""), |one| (&one.code, &one.message));
    let told = Status {
        message: message.to_owned(),
        errors: vec![Older {
            reason: code.to_owned(),
        }],
        ..Status::default()
    };
    let status = status.unwrap_or(400);
    meaning(call, Service::Compute, project, status, &told)
}

/// What one of Compute Engine's own codes means; the call again where it is none of those.
pub(super) fn of_code(reason: &str, call: Box<Call>) -> Result<Error, Box<Call>> {
    Ok(match reason {
        "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE" | "resourceInUseByAnotherResource" => {
            Error::NotEmpty(call)
        }
        "RESOURCE_NOT_FOUND" => Error::NotFound(call),
        "RESOURCE_ALREADY_EXISTS" | "alreadyExists" => Error::AlreadyExists(call),
        "QUOTA_EXCEEDED" | "LIMIT_EXCEEDED" => Error::LimitExceeded(call),
        "RESOURCE_NOT_READY" | "resourceNotReady" => Error::NotReady(call),
        "CONDITION_NOT_MET" | "RESOURCE_OPERATION_RATE_EXCEEDED" => Error::Conflict(call),
        "IP_IN_USE_BY_ANOTHER_RESOURCE" => Error::Invalid(call),
        _ => return Err(call),
    })
}

/// The same error, with what its call left behind.
pub(crate) fn noting(error: Error, note: &str) -> Error {
    let noted = |call: Box<Call>| {
        let said = call
            .message
            .as_deref()
            .map(|said| said.trim_end_matches('.'));
        let said = said.filter(|said| !said.is_empty());
        let message = said.map_or_else(|| note.to_owned(), |said| format!("{said}. {note}"));
        Box::new(call.because(message))
    };
    match error {
        Error::NotFound(call) => Error::NotFound(noted(call)),
        Error::NotEmpty(call) => Error::NotEmpty(noted(call)),
        Error::Throttled(call) => Error::Throttled(noted(call)),
        Error::Conflict(call) => Error::Conflict(noted(call)),
        Error::NotReady(call) => Error::NotReady(noted(call)),
        Error::Invalid(call) => Error::Invalid(noted(call)),
        Error::LimitExceeded(call) => Error::LimitExceeded(noted(call)),
        Error::Unavailable(call) => Error::Unavailable(noted(call)),
        Error::Denied {
            action,
            resource,
            call,
        } => Error::Denied {
            action,
            resource,
            call: noted(call),
        },
        // Nothing was made where the credentials or the API are not there.
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: Option<u16>, code: &str) -> Error {
        let text = format!(r#"{{"errors":[{{"code":"{code}","message":"why"}}]}}"#);
        let failed: Failed = serde_json::from_str(&text).unwrap();
        let call = Call::new("compute.addresses.delete", "acme");
        from_operation(call, &"acme-prod".parse().unwrap(), status, &failed)
    }

    #[test]
    fn operations_end_with_codes_of_their_own() {
        let in_use = ended(Some(400), "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE");
        assert!(matches!(in_use, Error::NotEmpty(_)), "{in_use:?}");
        assert!(in_use.to_string().contains("why"), "{in_use}");
        let full = ended(Some(403), "QUOTA_EXCEEDED");
        assert!(matches!(full, Error::LimitExceeded(_)), "{full:?}");
        let early = ended(Some(400), "RESOURCE_NOT_READY");
        assert!(matches!(early, Error::NotReady(_)), "{early:?}");
        let stale = ended(Some(412), "CONDITION_NOT_MET");
        assert!(matches!(stale, Error::Conflict(_)), "{stale:?}");
        let taken = ended(Some(409), "RESOURCE_ALREADY_EXISTS");
        assert!(matches!(taken, Error::AlreadyExists(_)), "{taken:?}");
        let used = ended(None, "IP_IN_USE_BY_ANOTHER_RESOURCE");
        assert!(matches!(used, Error::Invalid(_)), "{used:?}");
        let new = ended(Some(503), "SOMETHING_ELSE");
        assert!(matches!(new, Error::Unavailable(_)), "{new:?}");
    }
}
