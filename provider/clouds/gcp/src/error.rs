//! The only place that knows Google's error codes: what each means to the caller.
//!
//! Services answer in one of two forms: `google.rpc.Status` with an `ErrorInfo` among its details, and the older list of
//! `errors` with a `reason` each, which Cloud Storage has kept.

pub(crate) mod compute;

use std::fmt;

use clouds::account::AccountId;
use clouds::error::Call;
use clouds::{Error, ParseError, Result};
use http::HeaderMap;
use serde::Deserialize;

use crate::requests::Named;
use crate::session::Service;

/// Words about preconditions that are rules, and not versions.
const FORBIDDEN: [&str; 4] = [
    "constraint",
    "organization policy",
    "permitted customer",
    "public access prevention",
];

/// An answer that is no success.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Status,
}

/// `google.rpc.Status`, with what the older form adds.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Status {
    /// The number of HTTP, or in operations that of gRPC.
    code: u16,
    message: String,
    #[serde(rename = "status")]
    name: String,
    errors: Vec<Older>,
    details: Vec<Detail>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Older {
    reason: String,
}

/// `google.rpc.ErrorInfo`; other details have no reason.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Detail {
    reason: String,
    metadata: Metadata,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    service: Option<String>,
    consumer: Option<String>,
    permission: Option<String>,
    resource: Option<String>,
}

/// Something in an answer that we do not understand.
pub(crate) trait Understood<T> {
    fn understood<O: fmt::Display>(self, call: Named<'_, O>) -> Result<T>;
}

impl<T> Understood<T> for std::result::Result<T, ParseError> {
    fn understood<O: fmt::Display>(self, call: Named<'_, O>) -> Result<T> {
        self.map_err(|error| unreadable(call, error.to_string()))
    }
}

pub(crate) fn unreadable<O: fmt::Display>(
    (operation, object): Named<'_, O>,
    why: impl Into<String>,
) -> Error {
    Error::Invalid(Box::new(Call::new(operation, object).because(why)))
}

pub(crate) fn not_found<O: fmt::Display>((operation, object): Named<'_, O>) -> Error {
    Error::NotFound(Box::new(Call::new(operation, object)))
}

/// A name that is taken by something deleted that somebody else made. Looking it up finds nothing, so that this is all that
/// is ever said about it.
pub(crate) fn kept_name(taken: Call, what: &str, days: u32) -> Error {
    let because = format!(
        "{what} {} was deleted by somebody else and keeps its name for {days} days: take another name",
        taken.object
    );
    Error::Invalid(Box::new(taken.because(because)))
}

/// What failed on our side of the wire.
pub(crate) fn internal(object: &str, error: impl fmt::Display) -> Error {
    Error::Invalid(Box::new(
        Call::new("a request", object).because(error.to_string()),
    ))
}

pub(crate) fn from_answer(
    call: Call,
    service: Service,
    project: &AccountId,
    answer: &Answer<'_>,
) -> Error {
    let told = serde_json::from_slice::<Body>(answer.body)
        .unwrap_or_default()
        .error;
    let request_id = [
        "x-guploader-uploadid",
        "x-goog-request-id",
        "x-cloud-trace-context",
    ]
    .iter()
    .find_map(|name| answer.headers.get(*name)?.to_str().ok())
    .map(|id| id.split('/').next().unwrap_or(id).to_owned());
    meaning(
        Call { request_id, ..call },
        service,
        project,
        answer.status,
        &told,
    )
}

/// The error that an operation ended with: its code is that of gRPC.
pub(crate) fn from_operation(
    call: Call,
    service: Service,
    project: &AccountId,
    told: &Status,
) -> Error {
    let (http, name) = match told.code {
        3 => (400, "INVALID_ARGUMENT"),
        5 => (404, "NOT_FOUND"),
        6 => (409, "ALREADY_EXISTS"),
        7 => (403, "PERMISSION_DENIED"),
        8 => (429, "RESOURCE_EXHAUSTED"),
        9 => (400, "FAILED_PRECONDITION"),
        10 => (409, "ABORTED"),
        14 => (503, "UNAVAILABLE"),
        16 => (401, "UNAUTHENTICATED"),
        _ => (500, "INTERNAL"),
    };
    meaning(
        call,
        service,
        project,
        http,
        &Status {
            name: name.to_owned(),
            ..told.clone()
        },
    )
}

/// Google's own words, with what they leave out.
fn explained(message: &str) -> Option<String> {
    let pool = message.contains("Identity Pool does not exist") && message.contains(".svc.id.goog");
    let more = if pool {
        " The pool of a project comes with its first cluster that has workload identity"
    } else {
        ""
    };
    Some(format!("{message}{more}")).filter(|message| !message.is_empty())
}

fn meaning(call: Call, service: Service, project: &AccountId, status: u16, told: &Status) -> Error {
    let info = told.details.iter().find(|detail| !detail.reason.is_empty());
    let older = told
        .errors
        .iter()
        .map(|error| error.reason.as_str())
        .find(|reason| !reason.is_empty());
    let reason = info
        .map(|info| info.reason.as_str())
        .or(older)
        .unwrap_or_default();
    let code = if reason.is_empty() {
        told.name.as_str()
    } else {
        reason
    };
    let code = if code.is_empty() {
        status.to_string()
    } else {
        code.to_owned()
    };
    let call = Box::new(Call {
        code: Some(code),
        message: explained(&told.message),
        ..call
    });
    let metadata = info.map(|info| info.metadata.clone()).unwrap_or_default();
    let lower = told.message.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let call = match service {
        Service::Compute => match compute::of_code(reason, call) {
            Ok(error) => return error,
            Err(call) => call,
        },
        _ => call,
    };
    match (status, reason) {
        (_, "SERVICE_DISABLED" | "accessNotConfigured") => {
            disabled(call, service, project, metadata)
        }
        (_, "ACCESS_TOKEN_EXPIRED" | "SESSION_EXPIRED" | "USER_SESSION_EXPIRED") => {
            Error::Expired(call)
        }
        (_, "rateLimitExceeded" | "userRateLimitExceeded" | "RATE_LIMIT_EXCEEDED") => {
            Error::Throttled(call)
        }
        (_, "quotaExceeded" | "RESOURCE_QUOTA_EXCEEDED") => Error::LimitExceeded(call),
        (401, _) if says(&["expired"]) => Error::Expired(call),
        (401, _) => Error::Unauthenticated(call),
        (403, _) => denied(call, metadata),
        (404, _) => Error::NotFound(call),
        // A quota on how many there may be, and not on how many are made in a minute.
        (429, _)
            if says(&[
                "maximum number",
                "limit on the number",
                "limit of",
                "too many service accounts",
            ]) =>
        {
            Error::LimitExceeded(call)
        }
        (429, _) => Error::Throttled(call),
        (400 | 409, _) if says(&["not empty", "is not empty", "still contains"]) => {
            Error::NotEmpty(call)
        }
        (409, _) if told.name == "ABORTED" => Error::Conflict(call),
        (409, _)
            if told.name == "ALREADY_EXISTS"
                || call.operation.ends_with(".insert")
                || says(&["already exists"]) =>
        {
            Error::AlreadyExists(call)
        }
        // What an organisation forbids, Cloud Storage calls a precondition as well, and it will do so tomorrow.
        (412, "orgPolicyConstraintFailed") => Error::Invalid(call),
        (412, _) if says(&FORBIDDEN) => Error::Invalid(call),
        (409 | 412, _) => Error::Conflict(call),
        // Secret Manager's answer to the etag of an older version.
        (400, _) if told.name == "FAILED_PRECONDITION" && says(&["etag"]) => Error::Conflict(call),
        // A policy names a service account that was made a moment ago.
        (400, _)
            if says(&["does not exist"])
                && says(&["service account ", "principal "])
                && !says(&["identity pool", "identity namespace"]) =>
        {
            Error::NotReady(call)
        }
        (408 | 500 | 502..=599, _) => Error::Unavailable(call),
        (501, _) => Error::Unsupported(call),
        _ => Error::Invalid(call),
    }
}

fn disabled(call: Box<Call>, service: Service, project: &AccountId, metadata: Metadata) -> Error {
    let message = call.message.as_deref().unwrap_or_default();
    if message.contains("requires a quota project") {
        // A person's own credentials: the API is off in the project of gcloud itself, where nobody can enable it.
        return Error::Disabled {
            remedy: format!("gcloud auth application-default set-quota-project {project}"),
            call,
        };
    }
    let host = metadata.service.unwrap_or_else(|| service.host());
    // The project that pays for the call is not always the one that is worked in; a number mostly is its number.
    let consumer = metadata
        .consumer
        .as_deref()
        .and_then(|consumer| consumer.strip_prefix("projects/"));
    let named = consumer.filter(|consumer| !consumer.chars().all(|c| c.is_ascii_digit()));
    let project = named.unwrap_or(project.as_str());
    Error::Disabled {
        remedy: format!("gcloud services enable {host} --project {project}"),
        call,
    }
}

/// What is missing, from the details; else from the words: "Permission 'x' denied on resource 'y'", "a@b does not have x
/// access to the Google Cloud Storage bucket", "Required 'x' permission for 'y'" (Compute Engine).
fn denied(call: Box<Call>, metadata: Metadata) -> Error {
    let message = call.message.clone().unwrap_or_default();
    let after = |words: &str| {
        let rest = message
            .split_once(words)?
            .1
            .trim_start_matches(['\'', '"', '`', ' ']);
        let word = rest
            .split(['\'', '"', '`', ' ', ')'])
            .next()?
            .trim_end_matches(['.', ',', ':']);
        Some(word.to_owned()).filter(|word| !word.is_empty())
    };
    let permission = |word: &String| word.matches('.').count() >= 2;
    let action = metadata
        .permission
        .or_else(|| after("Permission ").filter(permission))
        .or_else(|| after("does not have ").filter(permission))
        .or_else(|| after("Required ").filter(permission))
        .unwrap_or_else(|| {
            call.operation
                .replace(".insert", ".create")
                .replace(".patch", ".update")
        });
    let resource = metadata
        .resource
        .or_else(|| after("on resource ").filter(|name| name.contains('/')))
        .or_else(|| after("permission for ").filter(|name| name.contains('/')))
        .unwrap_or_else(|| call.object.clone());
    Error::Denied {
        action,
        resource,
        call,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(operation: &str, status: u16, body: &str) -> Error {
        let mut headers = HeaderMap::new();
        headers.insert("x-guploader-uploadid", "ABPtcP".parse().unwrap());
        let answer = Answer {
            status,
            headers: &headers,
            body: body.as_bytes(),
        };
        let project = "acme-prod".parse().unwrap();
        from_answer(
            Call::new(operation, "acme"),
            Service::Storage,
            &project,
            &answer,
        )
    }

    #[test]
    fn a_denial_names_the_permission_and_the_resource() {
        let body = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Permission 'iam.serviceAccounts.create' denied on resource (or it may not exist).","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","domain":"iam.googleapis.com","metadata":{"permission":"iam.serviceAccounts.create","resource":"projects/acme-prod"}}]}}"#;
        let said = told("iam.serviceAccounts.create", 403, body).to_string();
        assert!(
            said.contains("IAM_PERMISSION_DENIED, request id ABPtcP"),
            "{said}"
        );
        assert!(
            said.contains("grant iam.serviceAccounts.create on projects/acme-prod to"),
            "{said}"
        );
    }

    #[test]
    fn cloud_storage_says_what_is_missing_in_words() {
        let body = r#"{"error":{"code":403,"errors":[{"domain":"global","reason":"forbidden","message":"x"}],"message":"ci@acme.iam.gserviceaccount.com does not have storage.buckets.create access to the Google Cloud project. Permission 'storage.buckets.create' denied on resource (or it may not exist)."}}"#;
        let Error::Denied {
            action, resource, ..
        } = told("storage.buckets.insert", 403, body)
        else {
            panic!("not a denial")
        };
        assert_eq!(
            (action.as_str(), resource.as_str()),
            ("storage.buckets.create", "acme")
        );
        let Error::Denied { action, .. } = told("storage.buckets.insert", 403, "") else {
            panic!("not a denial")
        };
        assert_eq!(action, "storage.buckets.create");
    }

    #[test]
    fn compute_engine_says_what_is_missing_in_words_of_its_own() {
        let body = r#"{"error":{"code":403,"errors":[{"domain":"global","reason":"forbidden","message":"x"}],"message":"Required 'compute.addresses.use' permission for 'projects/acme-prod/regions/europe-west4/addresses/api'"}}"#;
        let said = told("compute.forwardingRules.insert", 403, body).to_string();
        let part = "grant compute.addresses.use on projects/acme-prod/regions/europe-west4/addresses/api to";
        assert!(said.contains(part), "{said}");
    }

    #[test]
    fn a_disabled_api_names_the_command() {
        let body = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"x","details":[{"@type":"type.googleapis.com/google.rpc.Help"},{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","metadata":{"service":"secretmanager.googleapis.com","consumer":"projects/123"}}]}}"#;
        let said = told("secretmanager.secrets.get", 403, body).to_string();
        assert!(
            said.contains(
                "`gcloud services enable secretmanager.googleapis.com --project acme-prod`"
            ),
            "{said}"
        );
    }

    #[test]
    fn credentials_without_a_quota_project_name_another_command() {
        let body = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Your application is authenticating by using local Application Default Credentials. The iam.googleapis.com API requires a quota project, which is not set by default.","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","metadata":{"service":"iam.googleapis.com","consumer":"projects/764086051850"}}]}}"#;
        let said = told("iam.serviceAccounts.get", 403, body).to_string();
        assert!(
            said.contains("`gcloud auth application-default set-quota-project acme-prod`"),
            "{said}"
        );
    }

    #[test]
    fn what_an_organisation_forbids_is_not_waited_for() {
        for (operation, reason, message) in [
            (
                "storage.buckets.insert",
                "conditionNotMet",
                "'europe-west4' violates constraint 'constraints/gcp.resourceLocations'",
            ),
            (
                "storage.buckets.setIamPolicy",
                "conditionNotMet",
                "One or more users named in the policy do not belong to a permitted customer.",
            ),
            ("storage.buckets.patch", "orgPolicyConstraintFailed", "x"),
        ] {
            let body = format!(
                r#"{{"error":{{"code":412,"errors":[{{"reason":"{reason}"}}],"message":"{message}"}}}}"#
            );
            let error = told(operation, 412, &body);
            assert!(matches!(error, Error::Invalid(_)), "{error:?}");
        }
    }

    #[test]
    fn an_older_version_of_a_secret_is_a_conflict() {
        let body = |message: &str| {
            format!(
                r#"{{"error":{{"code":400,"status":"FAILED_PRECONDITION","message":"{message}"}}}}"#
            )
        };
        let stale = body("The etag provided does not match the current etag of the resource.");
        let told = |body: &str| told("secretmanager.secrets.patch", 400, body);
        assert!(matches!(told(&stale), Error::Conflict(_)));
        let never = body("The key is disabled.");
        assert!(matches!(told(&never), Error::Invalid(_)));
    }

    #[test]
    fn a_name_that_a_deleted_thing_keeps_is_said_with_its_days() {
        let taken = Call::new("logging.buckets.create", "tasks");
        let error = kept_name(taken, "log bucket", 7);
        assert!(matches!(error, Error::Invalid(_)), "{error:?}");
        assert!(
            error.to_string().contains(
                "log bucket tasks was deleted by somebody else and keeps its name for 7 days"
            ),
            "{error}"
        );
    }

    #[test]
    fn conflicts_are_told_apart() {
        let older = |message: &str| {
            format!(
                r#"{{"error":{{"code":409,"errors":[{{"reason":"conflict"}}],"message":"{message}"}}}}"#
            )
        };
        let owned = told(
            "storage.buckets.insert",
            409,
            &older(
                "Your previous request to create the named bucket succeeded and you already own it.",
            ),
        );
        assert!(matches!(owned, Error::AlreadyExists(_)));
        let full = told(
            "storage.buckets.delete",
            409,
            &older("The bucket you tried to delete is not empty."),
        );
        assert!(matches!(full, Error::NotEmpty(_)));
        let aborted = r#"{"error":{"code":409,"status":"ABORTED","message":"There were concurrent policy changes."}}"#;
        assert!(matches!(
            told("iam.serviceAccounts.setIamPolicy", 409, aborted),
            Error::Conflict(_)
        ));
        let stale = r#"{"error":{"code":412,"errors":[{"reason":"conditionNotMet"}],"message":"Precondition Failed"}}"#;
        assert!(matches!(
            told("storage.buckets.patch", 412, stale),
            Error::Conflict(_)
        ));
    }

    #[test]
    fn quotas_are_of_two_kinds() {
        let minute = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute'"}}"#;
        assert!(matches!(
            told("iam.serviceAccounts.create", 429, minute),
            Error::Throttled(_)
        ));
        let all = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Maximum number of service accounts on project reached."}}"#;
        assert!(matches!(
            told("iam.serviceAccounts.create", 429, all),
            Error::LimitExceeded(_)
        ));
    }

    #[test]
    fn a_principal_that_is_not_there_yet_can_be_waited_for() {
        let early = r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"Service account adminflyterole@acme-prod.iam.gserviceaccount.com does not exist."}}"#;
        assert!(matches!(
            told("storage.buckets.setIamPolicy", 400, early),
            Error::NotReady(_)
        ));
        let never = r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"Identity Pool does not exist (acme-prod.svc.id.goog)."}}"#;
        assert!(matches!(
            told("iam.serviceAccounts.setIamPolicy", 400, never),
            Error::Invalid(_)
        ));
    }

    #[test]
    fn what_has_no_body_goes_by_its_status() {
        assert!(matches!(told("x.y.get", 404, ""), Error::NotFound(_)));
        assert!(matches!(
            told("x.y.get", 502, "<html>"),
            Error::Unavailable(_)
        ));
        assert!(matches!(
            told("x.y.get", 401, ""),
            Error::Unauthenticated(_)
        ));
        assert!(matches!(told("x.y.get", 302, ""), Error::Invalid(_)));
    }
}
