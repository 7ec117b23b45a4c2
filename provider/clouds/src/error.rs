//! What can go wrong in a cloud, by meaning; backends map their own codes into it, each in one file.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The result of a call to a cloud.
pub type Result<T> = std::result::Result<T, Error>;

/// The call that failed, as far as the cloud told us about it.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Name of the API operation, by which it is found in the cloud's audit log: `s3:CreateBucket`.
    pub operation: String,
    /// What it was done to: a name, an ARN, a path.
    pub object: String,
    /// The cloud's own error code: `BucketAlreadyOwnedByYou`.
    pub code: Option<String>,
    /// The cloud's own words.
    pub message: Option<String>,
    /// What the cloud's support asks for.
    pub request_id: Option<String>,
    /// The client library's error.
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What went wrong, by what it means to the caller.
#[derive(Clone, Debug)]
pub enum Error {
    /// The object does not exist (any more).
    NotFound(Box<Call>),
    /// An object of this name exists; `get` tells whose it is.
    AlreadyExists(Box<Call>),
    /// The object still holds something, or something still hangs on it.
    NotEmpty(Box<Call>),
    /// The caller is known but may not do this.
    Denied {
        /// The permission that is missing: `s3:CreateBucket`.
        action: String,
        /// What it is missing on.
        resource: String,
        /// The refused call.
        call: Box<Call>,
    },
    /// There are no credentials, or the cloud does not know them.
    Unauthenticated(Box<Call>),
    /// The credentials were good once.
    Expired(Box<Call>),
    /// The credentials are of an account (project, subscription) that was not allowed.
    WrongAccount {
        /// Where the credentials lead.
        account: String,
        /// Where they may lead.
        allowed: Vec<String>,
    },
    /// Too many calls; the client library has tried again already.
    Throttled(Box<Call>),
    /// Another change of the same object is under way.
    Conflict(Box<Call>),
    /// Something that the call refers to was made a moment ago and is not seen everywhere yet.
    NotReady(Box<Call>),
    /// The cloud refuses the request as it stands, and will tomorrow.
    Invalid(Box<Call>),
    /// A quota is used up.
    LimitExceeded(Box<Call>),
    /// The cloud, or the way to it, is broken.
    Unavailable(Box<Call>),
    /// The account has not switched this API or feature on.
    Disabled {
        /// What to run or to do: `gcloud services enable iam.googleapis.com --project acme`.
        remedy: String,
        /// The refused call.
        call: Box<Call>,
    },
    /// This cloud has no such thing.
    Unsupported(Box<Call>),
}

impl Call {
    /// A call that was made, or would have been, before anything is known about its answer.
    pub fn new(operation: impl Into<String>, object: impl fmt::Display) -> Self {
        Self {
            operation: operation.into(),
            object: object.to_string(),
            ..Self::default()
        }
    }

    /// The same call with words about it.
    #[must_use]
    pub fn because(self, message: impl Into<String>) -> Self {
        Self {
            message: Some(message.into()),
            ..self
        }
    }
}

impl Error {
    /// The failed call; none for an account that was refused before any call.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::NotFound(call)
            | Self::AlreadyExists(call)
            | Self::NotEmpty(call)
            | Self::Denied { call, .. }
            | Self::Disabled { call, .. }
            | Self::Unauthenticated(call)
            | Self::Expired(call)
            | Self::Throttled(call)
            | Self::Conflict(call)
            | Self::NotReady(call)
            | Self::Invalid(call)
            | Self::LimitExceeded(call)
            | Self::Unavailable(call)
            | Self::Unsupported(call) => Some(call),
            Self::WrongAccount { .. } => None,
        }
    }

    /// Whether the same call may succeed later although nobody changes anything.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Throttled(_) | Self::Conflict(_) | Self::NotReady(_) | Self::Unavailable(_)
        )
    }

    /// What happened, as the middle of "call on object …".
    fn meaning(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "found nothing",
            Self::AlreadyExists(_) => "found one that exists already",
            Self::NotEmpty(_) => "is refused while it is not empty or still in use",
            Self::Denied { .. } => "was refused",
            Self::Unauthenticated(_) => "was made without credentials that the cloud accepts",
            Self::Expired(_) => "was made with credentials that have expired",
            Self::WrongAccount { .. } => "was not made",
            Self::Throttled(_) => "was throttled, also after several attempts",
            Self::Conflict(_) => "met another change that is under way",
            Self::NotReady(_) => "refers to something that is not visible yet",
            Self::Invalid(_) => "is not valid",
            Self::LimitExceeded(_) => "exceeds a quota",
            Self::Unavailable(_) => "could not be answered",
            Self::Disabled { .. } => "needs an API that is not enabled",
            Self::Unsupported(_) => "is not possible here",
        }
    }

    /// What a person can do about it.
    fn advice(&self) -> Option<String> {
        Some(match self {
            Self::Denied {
                action, resource, ..
            } => {
                format!("grant {action} on {resource} to whoever runs this")
            }
            Self::Unauthenticated(_) => {
                "check the profile, the environment or the role that the credentials come from"
                    .into()
            }
            Self::Expired(_) => "sign in again and repeat".into(),
            Self::Disabled { remedy, .. } => {
                format!("enable it with `{remedy}`, wait a minute and repeat")
            }
            Self::Throttled(_) => "repeat later, or with less parallelism".into(),
            Self::LimitExceeded(_) => "have the quota raised, or remove what is not needed".into(),
            Self::Unavailable(_) => {
                "check the network and the cloud's status page, then repeat".into()
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::WrongAccount { account, allowed } = self {
            return write!(
                f,
                "the credentials are of account {account}, which is not among the allowed ones ({}): \
                 use other credentials or allow this account",
                allowed.join(", ")
            );
        }
        let Some(call) = self.call() else {
            return Ok(());
        };
        write!(
            f,
            "{} on {} {}",
            call.operation,
            call.object,
            self.meaning()
        )?;
        let known = [
            call.code.clone(),
            call.request_id
                .as_ref()
                .map(|id| format!("request id {id}")),
        ];
        let known: Vec<_> = known.into_iter().flatten().collect();
        if !known.is_empty() {
            write!(f, " ({})", known.join(", "))?;
        }
        if let Some(message) = &call.message {
            write!(f, ": {}", message.trim_end_matches('.'))?;
        }
        match self.advice() {
            Some(advice) => write!(f, ": {advice}"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.call()?.source.as_deref()?;
        Some(source)
    }
}

/// Turns "not found" into a value.
pub trait Optional<T> {
    /// `None` where the object does not exist; every other error stays one.
    fn optional(self) -> Result<Option<T>>;
}

impl<T> Optional<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Box<Call> {
        Box::new(Call {
            code: Some("AccessDenied".into()),
            request_id: Some("4442587FB7D0A2F9".into()),
            ..Call::new("s3:CreateBucket", "arn:aws:s3:::acme-metadata")
        })
    }

    #[test]
    fn a_denial_names_call_object_code_request_and_what_to_grant() {
        let error = Error::Denied {
            action: "s3:CreateBucket".into(),
            resource: "arn:aws:s3:::acme-metadata".into(),
            call: call(),
        };
        assert_eq!(
            error.to_string(),
            "s3:CreateBucket on arn:aws:s3:::acme-metadata was refused (AccessDenied, request id 4442587FB7D0A2F9): \
             grant s3:CreateBucket on arn:aws:s3:::acme-metadata to whoever runs this"
        );
    }

    #[test]
    fn only_not_found_is_optional() {
        assert!(matches!(
            Err::<(), _>(Error::NotFound(call())).optional(),
            Ok(None)
        ));
        assert!(matches!(
            Err::<(), _>(Error::Throttled(call())).optional(),
            Err(Error::Throttled(_))
        ));
    }

    #[test]
    fn what_a_retry_can_mend_is_transient() {
        assert!(Error::NotReady(call()).is_transient());
        assert!(Error::Unavailable(call()).is_transient());
        assert!(!Error::Invalid(call()).is_transient());
        assert!(!Error::Expired(call()).is_transient());
    }
}
