//! What Entra, and whoever else gives out tokens, says in place of one.

use std::sync::Arc;

use azure_core::error::ErrorKind;
use clouds::Error;
use clouds::error::Call;
use serde::Deserialize;

use super::{REQUEST, kinds, unreachable};
use crate::credentials;

/// Sign-ins that were good once: a refresh token, a session, a secret or an assertion whose time is over.
const EXPIRED: [&str; 8] = [
    "AADSTS50078",
    "AADSTS50089",
    "AADSTS50173",
    "AADSTS70043",
    "AADSTS700024",
    "AADSTS700082",
    "AADSTS700084",
    "AADSTS7000222",
];

/// What Entra says when it is busy, where the status of its answer is not known: from `az`, say.
const BUSY: [&str; 4] = ["AADSTS50196", "AADSTS90033", "AADSTS90055", "AADSTS90100"];

/// What Entra answers in place of a token.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refused {
    error_description: Option<String>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
}

pub(super) fn refused(call: Call, error: azure_core::Error, said: &str) -> Error {
    let answer = credentials::refused(&error);
    let garbled = || kinds(&error).any(|kind| matches!(kind, ErrorKind::DataConversion));
    let lost = if answer.is_some() || said.contains("AADSTS") {
        None
    } else if unreachable(&error) {
        Some("the token for it could not be fetched")
    } else if garbled() {
        Some("what answered in place of a token is none of Entra's answers")
    } else {
        None
    };
    if let Some(why) = lost {
        let call = Call {
            source: Some(Arc::new(error)),
            ..call.because(why)
        };
        return Error::Unavailable(Box::new(call));
    }
    let status = answer.map_or(0, |(status, _)| u16::from(status));
    let body = answer.and_then(|(_, answer)| answer);
    let refused: Refused = body
        .and_then(|body| serde_json::from_slice(body.body().as_ref()).ok())
        .unwrap_or_default();
    let text = refused.error_description.as_deref().unwrap_or(said);
    let code = said.find("AADSTS").map(|at| {
        let rest = &said[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
        rest[..end.unwrap_or(rest.len())].to_owned()
    });
    // What Entra's support asks for. In older forms of its answers, and through `az`, it stands in the text.
    let named = |field: Option<String>, name: &str| field.or_else(|| after(said, name));
    let trace = named(refused.trace_id, "Trace ID: ").map(|id| format!("trace id {id}"));
    let correlation = named(refused.correlation_id, "Correlation ID: ");
    let header = || body.and_then(|body| body.headers().get_optional_string(&REQUEST));
    let ids: Vec<_> = [correlation, trace].into_iter().flatten().collect();
    let request_id = Some(ids.join(", ")).filter(|ids| !ids.is_empty());
    let is = |codes: &[&str]| code.as_deref().is_some_and(|code| codes.contains(&code));
    let (busy, expired) = (is(&BUSY), is(&EXPIRED));
    let call = Box::new(Call {
        code,
        request_id: request_id.or_else(header),
        ..call.because(sentence(text))
    });
    match status {
        429 => Error::Throttled(call),
        408 | 500.. => Error::Unavailable(call),
        _ if busy => Error::Throttled(call),
        _ if expired => Error::Expired(call),
        _ => Error::Unauthenticated(call),
    }
}

/// The word that follows a name in a text.
fn after(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(name)?;
    Some(rest.split_whitespace().next()?.to_owned())
}

/// What is said, without ids and advertising, which follow.
fn sentence(text: &str) -> &str {
    let line = text.trim_start().lines().next().unwrap_or_default();
    let ends = ["Trace ID:", "To troubleshoot"].iter();
    let end = ends.filter_map(|end| line.find(end)).min();
    line[..end.unwrap_or(line.len())].trim()
}

#[cfg(test)]
mod tests {
    use super::super::from_sdk;
    use super::*;

    #[test]
    fn a_secret_whose_time_is_over_was_good_once() {
        let said = |words: &'static str| {
            let error = azure_core::Error::with_message(ErrorKind::Credential, words);
            from_sdk(Call::new("get a token", "the caller"), error)
        };
        for words in [
            "AADSTS7000222: The provided client secret keys for app 'a' are expired.",
            "AADSTS700024: Client assertion is not within its valid time range.",
        ] {
            assert!(matches!(said(words), Error::Expired(_)), "{words}");
        }
        let wrong = "AADSTS7000215: Invalid client secret provided.";
        assert!(matches!(said(wrong), Error::Unauthenticated(_)));
    }

    #[test]
    fn whoever_is_busy_refuses_nobody() {
        let said = |words: &'static str| {
            let error = azure_core::Error::with_message(ErrorKind::Credential, words);
            from_sdk(Call::new("get a token", "the caller"), error)
        };
        let busy = said("az: AADSTS90033: A transient error has occurred. Please try again.");
        assert!(matches!(busy, Error::Throttled(_)), "{busy:?}");
        let named = said(
            "AADSTS7000215: Invalid client secret provided. Trace ID: t-1 Correlation ID: c-1 Timestamp: 2026-11-21 10:00:00Z",
        );
        let call = named.call().unwrap();
        assert_eq!(call.request_id.as_deref(), Some("c-1, trace id t-1"));
        assert_eq!(call.code.as_deref(), Some("AADSTS7000215"));
        assert!(!named.to_string().contains("Timestamp"), "{named}");
    }
}
