//! The only place that knows AWS's error codes: what each means to the caller.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use clouds::error::Call;
use clouds::{Error, ParseError, Result};

/// Gives an error of the SDK its meaning, with the call that was made and what it was made on.
pub trait Classify<T> {
    /// The error of this call, made on this object.
    fn classify(self, operation: &str, object: impl fmt::Display) -> Result<T>;
}

impl<T, E> Classify<T> for std::result::Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    fn classify(self, operation: &str, object: impl fmt::Display) -> Result<T> {
        self.map_err(|error| from_sdk(Call::new(operation, object), error))
    }
}

/// A request that could not even be built.
impl<T> Classify<T> for std::result::Result<T, aws_smithy_types::error::operation::BuildError> {
    fn classify(self, operation: &str, object: impl fmt::Display) -> Result<T> {
        self.map_err(|error| invalid(operation, object, error.to_string()))
    }
}

/// Something in an answer that we do not understand.
impl<T> Classify<T> for std::result::Result<T, ParseError> {
    fn classify(self, operation: &str, object: impl fmt::Display) -> Result<T> {
        self.map_err(|error| invalid(operation, object, error.to_string()))
    }
}

/// A call that cannot be made as it is wanted.
pub fn invalid(operation: &str, object: impl fmt::Display, why: impl Into<String>) -> Error {
    Error::Invalid(Box::new(Call::new(operation, object).because(why)))
}

/// An answer without what was asked for.
pub fn not_found(operation: &str, object: impl fmt::Display) -> Error {
    Error::NotFound(Box::new(Call::new(operation, object)))
}

/// An error inside an answer that was a success as a whole, as those of `DeleteObjects`.
pub fn from_code(call: Call, code: &str, message: &str) -> Error {
    let call = Call {
        code: Some(code.to_owned()),
        message: Some(message.to_owned()),
        ..call
    };
    by_code(call, 400)
}

fn from_sdk<E>(call: Call, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let request_id = error.request_id().map(str::to_owned);
    let status = error
        .raw_response()
        .map_or(0, |response| response.status().as_u16());
    if let SdkError::ServiceError(answer) = &error {
        let call = Call {
            code: answer.err().code().map(str::to_owned),
            message: answer.err().message().map(str::to_owned),
            request_id,
            ..call
        };
        return by_code(call, status);
    }
    let credentials = credentials_error(&error);
    let call = Call { request_id, ..call };
    let (refused, expired) = match credentials {
        None | Some(CredentialsError::ProviderTimedOut(_)) => (false, false),
        Some(error) => {
            let chain = chain(error);
            (
                true,
                chain.contains("ExpiredToken") || chain.contains("session has expired"),
            )
        }
    };
    let unbuilt = matches!(error, SdkError::ConstructionFailure(_));
    let call = Box::new(Call {
        source: Some(Arc::new(error)),
        ..call
    });
    match (refused, expired, unbuilt) {
        (true, true, _) => Error::Expired(call),
        (true, false, _) => Error::Unauthenticated(call),
        (false, _, true) => Error::Invalid(call),
        (false, _, false) => Error::Unavailable(call),
    }
}

/// The failure to get credentials hides in the chain of a failure to send.
fn credentials_error<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e CredentialsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}

type Meaning = fn(Box<Call>) -> Error;

/// What the codes mean. What has no entry is taken by its HTTP status.
const MEANINGS: [(Meaning, &[&str]); 10] = [
    (
        Error::NotFound,
        &[
            "InvalidNetworkInterfaceID.NotFound",
            "InvalidServiceName",
            "InvalidVpcEndpoint.NotFound",
            "InvalidVpcEndpointId.NotFound",
            "InvalidVpcEndpointService.NotFound",
            "InvalidVpcEndpointServiceId.NotFound",
            "LifecyclePolicyNotFoundException",
            "NoSuchBucket",
            "NoSuchBucketPolicy",
            "NoSuchCORSConfiguration",
            "NoSuchEntity",
            "NoSuchEntityException",
            "NoSuchKey",
            "NoSuchLifecycleConfiguration",
            "NoSuchPublicAccessBlockConfiguration",
            "NoSuchTagSet",
            "NoSuchUpload",
            "NotFound",
            "NotFoundException",
            "OwnershipControlsNotFoundError",
            "RepositoryNotFoundException",
            "ResourceNotFoundException",
            "ServerSideEncryptionConfigurationNotFoundError",
        ],
    ),
    (
        Error::AlreadyExists,
        &[
            "BucketAlreadyExists",
            "BucketAlreadyOwnedByYou",
            "EntityAlreadyExists",
            "EntityAlreadyExistsException",
            "RepositoryAlreadyExistsException",
            "ResourceAlreadyExistsException",
            "ResourceExistsException",
            "ResourceInUseException",
        ],
    ),
    (
        Error::NotEmpty,
        &[
            "BucketNotEmpty",
            "DeleteConflict",
            "DeleteConflictException",
            "DependencyViolation",
            "ExistingVpcEndpointConnections",
            "RepositoryNotEmptyException",
        ],
    ),
    (
        Error::Unauthenticated,
        &[
            "AuthFailure",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "InvalidToken",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "NotSignedUp",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ],
    ),
    (
        Error::Expired,
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "TokenRefreshRequired",
        ],
    ),
    (
        Error::Throttled,
        &[
            "BandwidthLimitExceeded",
            "PriorRequestNotComplete",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
            "TransactionInProgressException",
        ],
    ),
    (
        Error::Conflict,
        &[
            "ConcurrentModification",
            "ConcurrentModificationException",
            "ConditionalRequestConflict",
            "ConflictException",
            "EntityTemporarilyUnmodifiable",
            "EntityTemporarilyUnmodifiableException",
            "IncorrectState",
            "InvalidState",
            "OperationAborted",
            "OperationAbortedException",
        ],
    ),
    // EC2 writes both `ID` and `Id`. Another resource of the same apply may have made them a second ago.
    (
        Error::NotReady,
        &[
            "InvalidGroup.NotFound",
            "InvalidRouteTableID.NotFound",
            "InvalidRouteTableId.NotFound",
            "InvalidSecurityGroupID.NotFound",
            "InvalidSubnetID.NotFound",
            "InvalidSubnetId.NotFound",
            "InvalidVpcID.NotFound",
        ],
    ),
    (
        Error::LimitExceeded,
        &[
            "LimitExceeded",
            "LimitExceededException",
            "ResourceLimitExceededException",
            "ServiceQuotaExceededException",
            "TooManyBuckets",
        ],
    ),
    (
        Error::Unavailable,
        &[
            "InternalError",
            "InternalFailure",
            "InternalServiceError",
            "RequestTimeout",
            "ServerException",
            "ServiceFailure",
            "ServiceFailureException",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ],
    ),
];

fn by_code(call: Call, status: u16) -> Error {
    let code = call.code.clone().unwrap_or_default();
    let message = call.message.clone().unwrap_or_default();
    let says = |parts: &[&str]| parts.iter().all(|part| message.contains(part));
    let call = Box::new(call);
    match code.as_str() {
        // A policy that names a role which was made a moment ago is refused as malformed until IAM has spread it.
        "MalformedPolicyDocument" | "MalformedPolicyDocumentException" | "MalformedPolicy"
            if message.to_lowercase().contains("invalid principal") =>
        {
            Error::NotReady(call)
        }
        // EKS checks the role of an association before IAM has spread it.
        "InvalidParameterException" | "InvalidRequestException"
            if says(&["role", "not exist"])
                || says(&["role", "cannot be found"])
                || says(&["role", "cannot be assumed"]) =>
        {
            Error::NotReady(call)
        }
        // The name of a secret stays taken until it is gone for good.
        "InvalidRequestException" if says(&["create", "scheduled for deletion"]) => {
            Error::AlreadyExists(call)
        }
        "InvalidRequestException" if says(&["deletion"]) || says(&["marked deleted"]) => {
            Error::NotFound(call)
        }
        // What EC2 says of a caller that it knows, and of one that it does not.
        "AuthFailure" if says(&["not authorized"]) => denied(call, &message),
        "OperationNotPermitted" if message.to_lowercase().contains("being modif") => {
            Error::Conflict(call)
        }
        "AccessDenied"
        | "AccessDeniedException"
        | "AllAccessDisabled"
        | "AuthorizationError"
        | "NotAuthorized"
        | "UnauthorizedOperation" => denied(call, &message),
        code => match MEANINGS.iter().find(|(_, codes)| codes.contains(&code)) {
            Some((meaning, _)) => meaning(call),
            // EC2 has one per kind of object.
            None if code.ends_with("LimitExceeded") => Error::LimitExceeded(call),
            None => by_status(call, status, &message),
        },
    }
}

/// `HeadBucket` answers without a body, so without a code.
fn by_status(call: Box<Call>, status: u16, message: &str) -> Error {
    match status {
        401 => Error::Unauthenticated(call),
        403 => denied(call, message),
        404 => Error::NotFound(call),
        409 => Error::Conflict(call),
        429 => Error::Throttled(call),
        405 | 501 => Error::Unsupported(call),
        500.. => Error::Unavailable(call),
        _ => Error::Invalid(call),
    }
}

/// IAM says what is missing: "… is not authorized to perform: s3:CreateBucket on resource: "arn:…" because …".
fn denied(call: Box<Call>, message: &str) -> Error {
    let between = |from: &str, to: &str| {
        let rest = message.split_once(from)?.1;
        let part = rest.split(to).next()?;
        Some(part.trim_matches(['"', '\'', '.', ',', ' ']).to_owned())
    };
    Error::Denied {
        action: between("to perform: ", " ").unwrap_or_else(|| call.operation.clone()),
        resource: between("on resource: ", " because").unwrap_or_else(|| call.object.clone()),
        call,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(code: &str, message: &str) -> Error {
        from_code(Call::new("iam:CreateRole", "admin"), code, message)
    }

    #[test]
    fn a_denial_says_what_is_missing_in_the_words_of_iam() {
        let said = "User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: iam:TagRole on resource: \
                    arn:aws:iam::1:role/admin because no identity-based policy allows the iam:TagRole action";
        let Error::Denied {
            action, resource, ..
        } = meaning("AccessDenied", said)
        else {
            panic!("not a denial")
        };
        assert_eq!(
            (action.as_str(), resource.as_str()),
            ("iam:TagRole", "arn:aws:iam::1:role/admin")
        );
    }

    #[test]
    fn a_denial_without_words_names_the_call() {
        let Error::Denied {
            action, resource, ..
        } = meaning("AccessDenied", "Access Denied")
        else {
            panic!("not a denial")
        };
        assert_eq!(
            (action.as_str(), resource.as_str()),
            ("iam:CreateRole", "admin")
        );
    }

    #[test]
    fn a_principal_that_is_not_there_yet_can_be_waited_for() {
        let early = meaning(
            "MalformedPolicyDocument",
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::1:role/x\"",
        );
        assert!(matches!(early, Error::NotReady(_)));
        let wrong = meaning("MalformedPolicyDocument", "Syntax errors in policy.");
        assert!(matches!(wrong, Error::Invalid(_)));
    }

    #[test]
    fn codes_of_ec2() {
        let plain = |code: &str| meaning(code, "");
        for code in [
            "InvalidVpcEndpointId.NotFound",
            "InvalidVpcEndpoint.NotFound",
            "InvalidServiceName",
        ] {
            assert!(matches!(plain(code), Error::NotFound(_)), "{code}");
        }
        assert!(matches!(
            plain("ExistingVpcEndpointConnections"),
            Error::NotEmpty(_)
        ));
        assert!(matches!(
            plain("InvalidSubnetID.NotFound"),
            Error::NotReady(_)
        ));
        assert!(matches!(plain("IncorrectState"), Error::Conflict(_)));
        assert!(matches!(
            plain("VpcEndpointLimitExceeded"),
            Error::LimitExceeded(_)
        ));
        assert!(matches!(plain("RequestLimitExceeded"), Error::Throttled(_)));
        assert!(matches!(plain("AuthFailure"), Error::Unauthenticated(_)));
        let known = meaning(
            "AuthFailure",
            "You are not authorized to perform this operation.",
        );
        assert!(matches!(known, Error::Denied { .. }));
        let managed = "This endpoint is managed by its requester and cannot be modified.";
        let managed = meaning("OperationNotPermitted", managed);
        assert!(matches!(managed, Error::Invalid(_)), "{managed:?}");
        let busy = meaning("OperationNotPermitted", "The endpoint is being modified.");
        assert!(matches!(busy, Error::Conflict(_)));
        assert!(matches!(plain("OperationNotPermitted"), Error::Invalid(_)));
    }

    #[test]
    fn codes_without_an_entry_go_by_status() {
        let call = || Call::new("s3:HeadBucket", "acme");
        assert!(matches!(by_code(call(), 404), Error::NotFound(_)));
        assert!(matches!(by_code(call(), 403), Error::Denied { .. }));
        assert!(matches!(by_code(call(), 503), Error::Unavailable(_)));
        assert!(matches!(by_code(call(), 429), Error::Throttled(_)));
        assert!(matches!(by_code(call(), 400), Error::Invalid(_)));
    }
}
