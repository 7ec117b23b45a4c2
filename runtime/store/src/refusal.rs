//! What a cloud said when it refused a call. The libraries keep little of it, so it is noted where the answer comes in.

use std::{cell::RefCell, fmt};

use http::HeaderMap;
use serde_json::Value;

/// The cloud's own words about a call that it refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Status of HTTP.
    pub status: u16,
    /// The cloud's code, such as `AccessDenied`.
    pub code: Option<String>,
    /// What the cloud wrote beside the code, one line of it.
    pub message: Option<String>,
    /// What the cloud's support asks for.
    pub request_id: Option<String>,
}

/// Longest message that is passed on.
const LONGEST: usize = 300;

impl Refusal {
    /// Reads an answer of any of the clouds: XML of the stores and of STS, JSON of Google and Entra, or headers alone.
    pub(crate) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let header = |name: &str| {
            let value = headers.get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let body = String::from_utf8_lossy(body);
        let json: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
        let text = |pointer: &str| json.pointer(pointer)?.as_str().map(str::to_owned);
        let code = header("x-ms-error-code")
            .or_else(|| element(&body, "Code"))
            .or_else(|| text("/error/status"))
            .or_else(|| text("/error"));
        let message = element(&body, "Message")
            .or_else(|| text("/error/message"))
            .or_else(|| text("/error_description"))
            .map(|message| one_line(&message));
        let request_id = [
            "x-amz-request-id",
            "x-ms-request-id",
            "x-guploader-uploadid",
        ]
        .into_iter()
        .find_map(header)
        .or_else(|| element(&body, "RequestId"))
        .or_else(|| text("/trace_id"));
        Self {
            status,
            code,
            message,
            request_id,
        }
    }

    /// The bucket itself, and not an object in it, is missing.
    pub(crate) fn is_missing_bucket(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some("NoSuchBucket" | "ContainerNotFound")
        )
    }

    /// The same call may succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        self.status >= 500
            || matches!(self.status, 408 | 429)
            // STS could not fetch the cluster's keys.
            || self.code.as_deref() == Some("IDPCommunicationError")
    }
}

/// `AccessDenied, status 403, request 4442587FB7D0A2F9: Access Denied`, as much of it as there is.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.code {
            write!(f, "{code}, ")?;
        }
        write!(f, "status {}", self.status)?;
        if let Some(id) = &self.request_id {
            write!(f, ", request {id}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        Ok(())
    }
}

fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    line.chars().take(LONGEST).collect()
}

/// The text of the first element of a name that holds text alone, which is all that is asked of these small documents.
pub(crate) fn element(document: &str, name: &str) -> Option<String> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    if text.contains('<') {
        return None;
    }
    let plain = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
    Some(plain)
}

tokio::task_local! {
    static LAST: RefCell<Option<Refusal>>;
}

/// The outcome of a call, with the last refusal that came in while it ran.
pub(crate) async fn noted<T>(call: impl Future<Output = T>) -> (T, Option<Refusal>) {
    LAST.scope(RefCell::new(None), async {
        let outcome = call.await;
        (outcome, LAST.with(RefCell::take))
    })
    .await
}

/// Notes a refusal for the call that this task makes.
pub(crate) fn note(refusal: Refusal) {
    // Outside of `noted` nobody asks.
    let _ = LAST.try_with(|last| last.replace(Some(refusal)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(status: u16, headers: &[(&'static str, &str)], body: &str) -> String {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        Refusal::read(status, &headers, body.as_bytes()).to_string()
    }

    #[test]
    fn each_clouds_words_are_understood() {
        let s3 = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>User: a is not authorized &amp; so on\nmore</Message><RequestId>44</RequestId></Error>";
        assert_eq!(
            read(403, &[], s3),
            "AccessDenied, status 403, request 44: User: a is not authorized & so on"
        );
        let google = r#"{"error":{"code":403,"message":"Permission 'iam.serviceAccounts.signBlob' denied","status":"PERMISSION_DENIED"}}"#;
        assert_eq!(
            read(403, &[("x-guploader-uploadid", "AB")], google),
            "PERMISSION_DENIED, status 403, request AB: Permission 'iam.serviceAccounts.signBlob' denied"
        );
        let entra = r#"{"error":"invalid_client","error_description":"AADSTS700016: no such application","trace_id":"t"}"#;
        assert_eq!(
            read(401, &[], entra),
            "invalid_client, status 401, request t: AADSTS700016: no such application"
        );
        let head = [
            ("x-ms-error-code", "AuthorizationFailure"),
            ("x-ms-request-id", "r"),
        ];
        assert_eq!(
            read(403, &head, ""),
            "AuthorizationFailure, status 403, request r"
        );
        assert_eq!(read(502, &[], "<html>"), "status 502");
    }

    proptest! {
        #[test]
        fn any_answer_is_read(status: u16, body: Vec<u8>, text in "<Code>.{0,400}</Code>|\\{\"error\":.*\\}") {
            Refusal::read(status, &HeaderMap::new(), &body);
            let refusal = Refusal::read(status, &HeaderMap::new(), text.as_bytes());
            prop_assert!(refusal.message.unwrap_or_default().chars().count() <= LONGEST);
        }
    }
}
