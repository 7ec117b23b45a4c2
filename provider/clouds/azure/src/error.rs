//! The only place that knows Azure's error codes: what each means to the caller.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use azure_core::error::ErrorKind;
use azure_core::http::RawResponse;
use azure_core::http::headers::HeaderName;
use clouds::error::Call;
use clouds::{Error, ParseError, Result};
use serde::Deserialize;

use crate::credentials::causes;

mod sign_in;

const ERROR_CODE: HeaderName = HeaderName::from_static("x-ms-error-code");
/// The same over all resource providers that a call went through: what Azure's support asks for.
const CORRELATION: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");
const REQUEST: HeaderName = HeaderName::from_static("x-ms-request-id");

/// Something in an answer that we do not understand.
pub(crate) trait Classify<T> {
    fn classify(self, call: &Call) -> Result<T>;
}

impl<T> Classify<T> for std::result::Result<T, ParseError> {
    fn classify(self, call: &Call) -> Result<T> {
        self.map_err(|error| Error::Invalid(Box::new(call.clone().because(error.to_string()))))
    }
}

/// What an error body says; all of Azure's services say some of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Explained {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    details: Option<Vec<Explained>>,
    #[serde(alias = "innerError")]
    innererror: Option<Box<Explained>>,
}

/// `{"error": {…}}` of Resource Manager and Key Vault, `{"code", "message"}` of some providers, `{"errors": […]}` of registries.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Option<Explained>,
    errors: Option<Vec<Explained>>,
    code: Option<String>,
    message: Option<String>,
}

pub(crate) fn invalid(operation: &str, object: impl fmt::Display, why: impl Into<String>) -> Error {
    Error::Invalid(Box::new(Call::new(operation, object).because(why)))
}

/// An answer of another form than the API describes. What stands in it is not shown: it may be a secret.
pub(crate) fn unreadable(call: Call, error: &serde_json::Error) -> Error {
    let why = format!(
        "the answer is not of the form that the API describes (line {}, column {})",
        error.line(),
        error.column()
    );
    Error::Invalid(Box::new(call.because(why)))
}

/// A call with what Azure's support asks for, out of its answer.
pub(crate) fn answered(call: Call, answer: &RawResponse) -> Call {
    let header = |name: &HeaderName| answer.headers().get_optional_string(name);
    Call {
        request_id: header(&CORRELATION).or_else(|| header(&REQUEST)),
        ..call
    }
}

/// An answer that is no success.
pub(crate) fn from_answer(call: Call, answer: &RawResponse) -> Error {
    let explained = explained(answer.body().as_ref());
    let header = || answer.headers().get_optional_string(&ERROR_CODE);
    let code = explained.innermost().or_else(header);
    from_code(
        answered(call, answer),
        &code.unwrap_or_default(),
        explained.words().as_deref(),
        answer.status().into(),
    )
}

/// An error that the SDK answered instead of Azure's answer.
pub(crate) fn from_sdk(call: Call, error: azure_core::Error) -> Error {
    let said = causes(&error);
    // Entra's codes; its answers come through the credential, in different wrappings.
    if said.contains("AADSTS") || matches!(error.kind(), ErrorKind::Credential) {
        return sign_in::refused(call, error, &said);
    }
    if let ErrorKind::HttpResponse {
        raw_response: Some(answer),
        ..
    } = error.kind()
    {
        return from_answer(call, answer);
    }
    if unreachable(&error) {
        let call = Call {
            source: Some(Arc::new(error)),
            ..call
        };
        return Error::Unavailable(Box::new(call));
    }
    Error::Invalid(Box::new(call.because(said)))
}

fn unreachable(error: &azure_core::Error) -> bool {
    kinds(error).any(|kind| matches!(kind, ErrorKind::Connection | ErrorKind::Io))
}

/// The kinds of an error and of what it came from.
fn kinds(error: &azure_core::Error) -> impl Iterator<Item = &ErrorKind> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<azure_core::Error>())
        .map(azure_core::Error::kind)
}

type Meaning = fn(Box<Call>) -> Error;

/// What the codes mean. What has no entry is taken by its HTTP status.
const MEANINGS: [(Meaning, &[&str]); 9] = [
    (
        // What a private endpoint is to lead to, not the endpoint: a create says so.
        Error::NotFound,
        &[
            "InvalidPrivateLinkServiceId",
            "PrivateLinkServiceIdNotFound",
        ],
    ),
    (
        Error::AlreadyExists,
        &[
            "ContainerAlreadyExists",
            "ObjectIsDeletedButRecoverable",
            "RoleAssignmentExists",
        ],
    ),
    (
        Error::NotEmpty,
        &[
            "AccountProtectedFromDeletion",
            "ContainerHasImmutableBlobs",
            "ContainerImmutabilityPolicyFailure",
            "LeaseAlreadyPresent",
            "LeaseIdMissing",
            "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted",
        ],
    ),
    (
        Error::Unauthenticated,
        &[
            "AuthenticationFailed",
            "InvalidAuthenticationInfo",
            "InvalidAuthenticationToken",
            "NoAuthenticationInformation",
        ],
    ),
    (
        Error::Expired,
        &["ExpiredAuthenticationToken", "TokenExpired"],
    ),
    (
        Error::Throttled,
        &[
            "OperationNotAllowedDueToThrottling",
            "ServerBusy",
            "SubscriptionRequestsThrottled",
            "TooManyRequests",
        ],
    ),
    (
        Error::Conflict,
        &[
            "AnotherOperationInProgress",
            "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
            "ConflictError",
            "ContainerBeingDeleted",
            "ObjectIsBeingDeleted",
            "ObjectIsBeingRecovered",
            "ReferencedResourceNotProvisioned",
            "RetryableError",
            "StorageAccountBeingCreated",
            "StorageAccountIsNotProvisioned",
            "StorageAccountOperationInProgress",
        ],
    ),
    (
        Error::NotReady,
        &[
            "KeyVaultAccessForbidden",
            "KeyVaultAuthenticationFailure",
            "PrincipalNotFound",
        ],
    ),
    (
        Error::LimitExceeded,
        &[
            "MaxStorageAccountsCountPerSubscriptionExceeded",
            "QuotaExceeded",
            "RoleAssignmentLimitExceeded",
            "SubscriptionQuotaExceeded",
        ],
    ),
];

/// What will be refused tomorrow as well, whatever the status is, and what to do about it where Azure does not say.
///
/// The 404s among them say nothing about an object of ours. A subscription or a group that is not found is a mistake in the
/// provider's block, or the wrong credentials, as long as nobody knows better: taken for "gone", everything in the state would be
/// dropped, and what was made could only be imported again.
const REFUSED: [(&str, &str); 25] = [
    ("AlreadyInUse", ""),
    ("FlagMustBeSetForRestore", ""),
    ("ForbiddenByFirewall", KEPT_OUT),
    ("ForbiddenByConnection", KEPT_OUT),
    // A 403 as well: a vault with purge protection lets nobody purge.
    ("ForbiddenByPolicy", ""),
    ("InvalidResourceLocation", ""),
    ("InvalidResourceNamespace", ANOTHER_CLOUD),
    ("InvalidResourceType", ANOTHER_CLOUD),
    ("InvalidSubscriptionId", ANOTHER_SUBSCRIPTION),
    ("InvalidTenantId", ANOTHER_SUBSCRIPTION),
    ("ResourceGroupNotFound", NO_GROUP),
    ("SubscriptionNotFound", ANOTHER_SUBSCRIPTION),
    ("SubscriptionStateForbidden", SWITCHED_OFF),
    (
        "KeyVaultPolicyError",
        "a key for an account has to lie in a vault with purge protection: switch it on with `az keyvault update \
         --enable-purge-protection true`",
    ),
    (
        "PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
        "set private_endpoint_network_policies = \"Disabled\" on the subnet",
    ),
    (
        "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
        "set private_link_service_network_policies_enabled = false on the subnet",
    ),
    ("ReadOnlyDisabledSubscription", SWITCHED_OFF),
    ("RequestDisallowedByPolicy", ""),
    ("RoleAssignmentUpdateNotPermitted", ""),
    ("ScopeLocked", ""),
    // A 403, and yet no right is missing: its value is not given out, to anybody.
    ("SecretDisabled", ""),
    ("StorageAccountAlreadyTaken", ""),
    ("StorageAccountInAnotherResourceGroup", ""),
    ("SubscriptionDisabled", SWITCHED_OFF),
    (
        "VaultNotFound",
        "the vault was deleted while it was used; what was in it comes back with it, by `az keyvault recover`",
    ),
];

const KEPT_OUT: &str = "the key vault's network lets nobody in from here: run this where it does, or add this address to its network rules";
const ANOTHER_CLOUD: &str = "nothing was taken for gone; check that the endpoint and the location are of the cloud that is meant";
const ANOTHER_SUBSCRIPTION: &str = "nothing was taken for gone; check the subscription, and that the credentials are of its tenant";
const NO_GROUP: &str = "nothing of it was taken for gone; check the subscription and the group's name. Was the group deleted with all \
                        that was in it, make it again with `az group create`: then the next plan sees what is missing";
const SWITCHED_OFF: &str = "have the subscription enabled again, by its owner or Azure's support";

pub(crate) fn from_code(call: Call, code: &str, message: Option<&str>, status: u16) -> Error {
    let message = message.unwrap_or_default();
    // Who gives no code, as a proxy on the way, at least gives a status.
    let known_as = if code.is_empty() {
        format!("HTTP {status}")
    } else {
        code.to_owned()
    };
    let call = Box::new(Call {
        code: Some(known_as),
        message: call
            .message
            .clone()
            .or_else(|| (!message.is_empty()).then(|| plain(message))),
        ..call
    });
    match code {
        "MissingSubscriptionRegistration" => Error::Disabled {
            remedy: registration(message),
            call,
        },
        "InvalidAuthenticationTokenTenant" => Error::Unauthenticated(advised(
            call,
            "set `tenant_id` of the provider to the subscription's tenant",
        )),
        "AuthorizationFailed"
        | "AuthorizationFailure"
        | "AuthorizationPermissionMismatch"
        | "Forbidden"
        | "ForbiddenByRbac"
        | "InsufficientAccountPermissions"
        | "LinkedAuthorizationFailed" => denied(call, message),
        code => match REFUSED.iter().find(|(refused, _)| *refused == code) {
            Some((_, advice)) => Error::Invalid(advised(call, advice)),
            None => known(call, code, message, status),
        },
    }
}

/// Azure's words, and ours.
fn advised(mut call: Box<Call>, advice: &str) -> Box<Call> {
    if !advice.is_empty() {
        let said = call.message.take().unwrap_or_default();
        let said = said.trim_end_matches('.');
        let mark = if said.is_empty() { "" } else { ": " };
        call.message = Some(format!("{said}{mark}{advice}"));
    }
    call
}

fn known(call: Box<Call>, code: &str, message: &str, status: u16) -> Error {
    match MEANINGS.iter().find(|(_, codes)| codes.contains(&code)) {
        Some((meaning, _)) => meaning(call),
        None if code.is_empty() => nameless(call, status, message),
        None => by_status(call, status, message),
    }
}

/// Azure says what it does not find, and never sends one elsewhere. A gateway, a proxy or another service does, and knows nothing of our
/// objects.
fn nameless(call: Box<Call>, status: u16, message: &str) -> Error {
    match status {
        404 => Error::Invalid(advised(
            call,
            "whoever answered did not say what is missing, as Azure does, so that nothing was taken for gone; check the endpoint and the \
             proxy on the way to it",
        )),
        300..=399 => Error::Invalid(advised(
            call,
            "whoever answered sends us to another address, where no token is sent; check the endpoint and the proxy on the way to it",
        )),
        _ => by_status(call, status, message),
    }
}

fn by_status(call: Box<Call>, status: u16, message: &str) -> Error {
    match status {
        401 => Error::Unauthenticated(call),
        403 => denied(call, message),
        404 => Error::NotFound(call),
        409 | 412 => Error::Conflict(call),
        429 => Error::Throttled(call),
        405 | 501 => Error::Unsupported(call),
        408 | 500.. => Error::Unavailable(call),
        _ => Error::Invalid(call),
    }
}

/// Resource Manager says what is missing: "… to perform action 'A' over scope 'S' …", or of what a call refers to, "… to perform
/// action(s) 'A' on the linked scope(s) 'S' …"; Key Vault in lines, "Action: 'A'", "Resource: 'S'".
fn denied(call: Box<Call>, message: &str) -> Error {
    let quoted = |after: &[&str]| {
        let rest = after.iter().find_map(|start| message.rsplit_once(start))?.1;
        Some(rest.split('\'').next()?.to_owned())
    };
    Error::Denied {
        action: quoted(&["action(s) '", "action '", "Action: '"])
            .unwrap_or_else(|| call.operation.clone()),
        resource: quoted(&["linked scope(s) '", "over scope '", "Resource: '"])
            .unwrap_or_else(|| call.object.clone()),
        call,
    }
}

/// "The subscription is not registered to use namespace 'Microsoft.ContainerRegistry'. …"
fn registration(message: &str) -> String {
    let namespace = message
        .split_once("namespace '")
        .and_then(|(_, rest)| rest.split('\'').next())
        .unwrap_or("NAMESPACE");
    format!("az provider register --namespace {namespace}")
}

/// Without the lines of request ids that Blob Storage and Key Vault add.
fn plain(message: &str) -> String {
    let lines = message
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("RequestId:"));
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn explained(body: &[u8]) -> Explained {
    if let Ok(body) = serde_json::from_slice::<Body>(body) {
        let first = body.errors.and_then(|errors| errors.into_iter().next());
        return body.error.or(first).unwrap_or(Explained {
            code: body.code,
            message: body.message,
            ..Explained::default()
        });
    }
    // Blob Storage answers XML: <Error><Code>…</Code><Message>…</Message></Error>.
    let text = String::from_utf8_lossy(body);
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split('<').next()?.to_owned())
    };
    Explained {
        code: element("Code"),
        message: element("Message"),
        ..Explained::default()
    }
}

impl Explained {
    /// Key Vault's own code is "Conflict" or "Forbidden"; why, it says inside.
    fn innermost(&self) -> Option<String> {
        let inner = self.innererror.as_ref().and_then(|inner| inner.innermost());
        inner.or_else(|| self.code.clone())
    }

    /// Its words, with those of the details that say more.
    fn words(&self) -> Option<String> {
        let mut words = self.message.clone().unwrap_or_default();
        for detail in self.details.iter().flatten() {
            if let Some(more) = detail.words().filter(|more| !words.contains(more.as_str())) {
                words = format!("{words} {more}");
            }
        }
        (!words.trim().is_empty()).then(|| words.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(body: &str, status: u16) -> Error {
        let explained = explained(body.as_bytes());
        let call = Call::new("Microsoft.Storage/storageAccounts/write", "acmeprod");
        from_code(
            call,
            &explained.innermost().unwrap_or_default(),
            explained.words().as_deref(),
            status,
        )
    }

    #[test]
    fn a_denial_says_what_is_missing_in_the_words_of_resource_manager() {
        let body = r#"{"error":{"code":"AuthorizationFailed","message":"The client 'ci' with object id '1' does not have authorization to perform action 'Microsoft.Storage/storageAccounts/read' over scope '/subscriptions/s/resourceGroups/acme' or the scope is invalid. If access was recently granted, please refresh your credentials."}}"#;
        let Error::Denied {
            action, resource, ..
        } = meaning(body, 403)
        else {
            panic!("not a denial")
        };
        assert_eq!(action, "Microsoft.Storage/storageAccounts/read");
        assert_eq!(resource, "/subscriptions/s/resourceGroups/acme");
    }

    #[test]
    fn key_vault_says_inside_what_it_means() {
        let body = r#"{"error":{"code":"Forbidden","message":"Caller is not authorized to perform action on resource.\r\nCaller: appid=1\r\nAction: 'Microsoft.KeyVault/vaults/secrets/setSecret/action'\r\nResource: '/subscriptions/s/vaults/v/secrets/x'\r\n","innererror":{"code":"ForbiddenByRbac"}}}"#;
        let Error::Denied {
            action,
            resource,
            call,
        } = meaning(body, 403)
        else {
            panic!("not a denial")
        };
        assert_eq!(action, "Microsoft.KeyVault/vaults/secrets/setSecret/action");
        assert_eq!(resource, "/subscriptions/s/vaults/v/secrets/x");
        assert_eq!(call.code.as_deref(), Some("ForbiddenByRbac"));
        let body = r#"{"error":{"code":"Conflict","message":"Secret x is currently in a deleted but recoverable state","innererror":{"code":"ObjectIsDeletedButRecoverable"}}}"#;
        assert!(matches!(meaning(body, 409), Error::AlreadyExists(_)));
    }

    #[test]
    fn a_provider_that_is_not_registered_is_named_with_its_command() {
        let body = r#"{"error":{"code":"MissingSubscriptionRegistration","message":"The subscription is not registered to use namespace 'Microsoft.ContainerRegistry'. See https://aka.ms/rps-not-found for how to register subscriptions."}}"#;
        let said = meaning(body, 409).to_string();
        assert!(
            said.contains("`az provider register --namespace Microsoft.ContainerRegistry`"),
            "{said}"
        );
    }

    #[test]
    fn a_subscription_that_is_not_found_is_not_an_object_that_is_gone() {
        let body = r#"{"error":{"code":"SubscriptionNotFound","message":"The subscription 's' could not be found."}}"#;
        assert!(matches!(meaning(body, 404), Error::Invalid(_)));
        for code in ["InvalidResourceType", "SubscriptionStateForbidden"] {
            let body = format!(r#"{{"error":{{"code":"{code}","message":"no"}}}}"#);
            assert!(matches!(meaning(&body, 404), Error::Invalid(_)), "{code}");
        }
    }

    #[test]
    fn a_group_that_is_not_found_takes_nothing_out_of_the_state() {
        let body = r#"{"error":{"code":"ResourceGroupNotFound","message":"Resource group 'acme' could not be found."}}"#;
        let error = meaning(body, 404);
        assert!(matches!(error, Error::Invalid(_)), "{error:?}");
        let said = error.to_string();
        assert!(
            said.contains("could not be found: nothing of it was taken for gone")
                && said.contains("az group create"),
            "{said}"
        );
    }

    #[test]
    fn whoever_gives_no_code_gives_a_status() {
        let said = meaning("<html>Bad Gateway</html>", 502);
        assert!(matches!(said, Error::Unavailable(_)), "{said:?}");
        assert!(said.to_string().contains("(HTTP 502)"), "{said}");
        let said = meaning("<a href=\"https://sign-in.example.com\">", 302);
        assert!(said.to_string().contains("to another address"), "{said}");
    }

    #[test]
    fn a_token_of_another_tenant_is_told_with_the_argument() {
        let body = r#"{"error":{"code":"InvalidAuthenticationTokenTenant","message":"The access token is from the wrong issuer."}}"#;
        let said = meaning(body, 401);
        assert!(matches!(said, Error::Unauthenticated(_)), "{said:?}");
        assert!(said.to_string().contains("set `tenant_id`"), "{said}");
    }

    #[test]
    fn only_who_says_what_is_missing_is_believed_that_it_is() {
        for body in [
            "",
            "{}",
            "<html>not here</html>",
            r#"{"message":"no Route matched"}"#,
        ] {
            let error = meaning(body, 404);
            assert!(matches!(error, Error::Invalid(_)), "{body}: {error:?}");
            assert!(error.to_string().contains("check the endpoint"), "{error}");
        }
        for code in [
            "ResourceNotFound",
            "ParentResourceNotFound",
            "SecretNotFound",
        ] {
            let body = format!(r#"{{"error":{{"code":"{code}","message":"no"}}}}"#);
            assert!(matches!(meaning(&body, 404), Error::NotFound(_)), "{code}");
        }
    }

    #[test]
    fn a_secret_that_is_switched_off_is_no_missing_right() {
        let body = r#"{"error":{"code":"Forbidden","message":"Operation get is not allowed on a disabled secret.","innererror":{"code":"SecretDisabled"}}}"#;
        let said = meaning(body, 403);
        assert!(matches!(said, Error::Invalid(_)), "{said:?}");
        assert!(said.to_string().contains("disabled secret"), "{said}");
    }

    #[test]
    fn what_waiting_does_not_mend_is_no_conflict() {
        let body = r#"{"error":{"code":"KeyVaultPolicyError","message":"Keyvault policy recoverable is not set"}}"#;
        assert!(matches!(meaning(body, 409), Error::Invalid(_)));
    }

    #[test]
    fn blob_storage_answers_xml() {
        let body = "\u{feff}<?xml version=\"1.0\"?><Error><Code>LeaseIdMissing</Code><Message>There is currently a lease on the container.\nRequestId:1\nTime:2</Message></Error>";
        let error = meaning(body, 412);
        assert!(matches!(error, Error::NotEmpty(_)), "{error:?}");
        assert!(!error.to_string().contains("RequestId"), "{error}");
    }

    #[test]
    fn codes_without_an_entry_go_by_status() {
        for (status, is) in [
            (409, "another change"),
            (429, "throttled"),
            (503, "could not be answered"),
            (400, "is not valid"),
        ] {
            assert!(meaning("{}", status).to_string().contains(is), "{status}");
        }
    }
}
