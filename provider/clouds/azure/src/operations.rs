//! Long-running operations of Resource Manager: what was begun is asked about until it has ended.
//!
//! Azure says in one of three ways where to ask: a header `Azure-AsyncOperation`, whose answer holds a status; a header
//! `Location`, which answers 202 until there is a result; or neither, then the resource itself tells by its
//! `provisioningState`. The URLs are Azure's own, opaque and signed: followed as they are, and never written anywhere.

use std::time::Duration;

use azure_core::http::headers::HeaderName;
use azure_core::http::{Method, RawResponse, Url};
use azure_core::time::{self, OffsetDateTime};
use clouds::error::Call;
use clouds::tags::CREATING;
use clouds::{Error, Result, Tags};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::arm::{Arm, ResourceId, parse};
use crate::error::{Explained, answered, from_code};
use crate::pauses::{self, Pauses};
use crate::provisioning::Provisioning;

const ASYNC_OPERATION: HeaderName = HeaderName::from_static("azure-asyncoperation");
const LOCATION: HeaderName = HeaderName::from_static("location");
const RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");
/// How long an operation may take: the slowest of ours, a registry, is made in a minute or two.
const LONGEST: Duration = Duration::from_mins(30);

/// Where to ask.
enum Progress {
    Status(Url),
    Result(Url),
    Resource,
    Ended,
}

/// The answer of an `Azure-AsyncOperation`, of which only the status is always there.
#[derive(Deserialize)]
struct Operation {
    status: Option<String>,
    error: Option<Explained>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Provisioned {
    properties: Option<Properties>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Properties {
    provisioning_state: Option<String>,
}

/// What a status means; what has none is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    Running,
    Succeeded,
    Failed,
}

impl Status {
    fn of(text: Option<&str>) -> Self {
        match Provisioning::of(text) {
            Some(Provisioning::Done) => Self::Succeeded,
            Some(Provisioning::Failed) => Self::Failed,
            Some(Provisioning::Changing | Provisioning::Deleting) | None => Self::Running,
        }
    }
}

impl Arm<'_> {
    /// Waits for a PUT or a PATCH, and answers the resource.
    pub(crate) async fn made<T: DeserializeOwned>(
        &self,
        call: Call,
        id: &ResourceId,
        version: &str,
        answer: RawResponse,
    ) -> Result<T> {
        let progress = match self.progress(&call, &answer)? {
            Progress::Ended if is_running(&answer) => Progress::Resource,
            other => other,
        };
        match progress {
            Progress::Ended => parse(&call, &answer),
            Progress::Status(url) => {
                self.until_ended(&call, url, &answer).await?;
                self.get(call, id, version).await
            }
            Progress::Result(url) => {
                let result = self.until_result(&call, url, &answer).await?;
                if result.body().as_ref().is_empty() {
                    return self.get(call, id, version).await;
                }
                if is_running(&result) {
                    let done = self.until_provisioned(&call, id, version).await?;
                    return parse(&call, &done);
                }
                parse(&call, &result)
            }
            Progress::Resource => {
                let done = self.until_provisioned(&call, id, version).await?;
                parse(&call, &done)
            }
        }
    }

    /// Waits for a DELETE.
    pub(crate) async fn deleted(&self, call: Call, answer: RawResponse) -> Result<()> {
        match self.progress(&call, &answer)? {
            Progress::Status(url) => self.until_ended(&call, url, &answer).await,
            Progress::Result(url) => self.until_result(&call, url, &answer).await.map(|_| ()),
            Progress::Resource | Progress::Ended => Ok(()),
        }
    }

    fn progress(&self, call: &Call, answer: &RawResponse) -> Result<Progress> {
        let header = |name: &HeaderName| answer.headers().get_optional_str(name);
        if let Some(link) = header(&ASYNC_OPERATION) {
            return Ok(Progress::Status(self.follow(call, link)?));
        }
        if answer.status() == 202 {
            return match header(&LOCATION) {
                Some(link) => Ok(Progress::Result(self.follow(call, link)?)),
                None => Ok(Progress::Resource),
            };
        }
        Ok(Progress::Ended)
    }

    async fn until_ended(&self, call: &Call, mut url: Url, first: &RawResponse) -> Result<()> {
        let mut pauses = Pauses::within(LONGEST);
        let mut after = retry_after(first);
        loop {
            self.pause(call, &mut pauses, after).await?;
            let answer = self
                .send(call, Method::Get, url.clone(), None::<&()>)
                .await?;
            let operation: Operation = parse(call, &answer)?;
            match Status::of(operation.status.as_deref()) {
                Status::Succeeded => return Ok(()),
                Status::Failed => {
                    return Err(failed(answered(call.clone(), &answer), operation));
                }
                Status::Running => {}
            }
            // Each answer may name another place to ask.
            if let Some(link) = answer.headers().get_optional_str(&ASYNC_OPERATION) {
                url = self.follow(call, link)?;
            }
            after = retry_after(&answer);
        }
    }

    async fn until_result(
        &self,
        call: &Call,
        mut url: Url,
        first: &RawResponse,
    ) -> Result<RawResponse> {
        let mut pauses = Pauses::within(LONGEST);
        let mut after = retry_after(first);
        loop {
            self.pause(call, &mut pauses, after).await?;
            let answer = self
                .send(call, Method::Get, url.clone(), None::<&()>)
                .await?;
            if answer.status() != 202 {
                return Ok(answer);
            }
            if let Some(link) = answer.headers().get_optional_str(&LOCATION) {
                url = self.follow(call, link)?;
            }
            after = retry_after(&answer);
        }
    }

    async fn until_provisioned(
        &self,
        call: &Call,
        id: &ResourceId,
        version: &str,
    ) -> Result<RawResponse> {
        let mut pauses = Pauses::within(LONGEST);
        let mut after = None;
        loop {
            self.pause(call, &mut pauses, after).await?;
            let answer = self
                .send(call, Method::Get, self.url(id, version), None::<&()>)
                .await?;
            match provisioning(&answer) {
                Status::Succeeded => return Ok(answer),
                Status::Failed => {
                    let call = answered(call.clone(), &answer);
                    let why = "Azure could not bring it into being, and why, its activity log says: its provisioning state is Failed or \
                               Canceled. Apply again to have it made once more";
                    return Err(Error::Invalid(Box::new(call.because(why))));
                }
                Status::Running => after = retry_after(&answer),
            }
        }
    }

    async fn pause(&self, call: &Call, pauses: &mut Pauses, after: Option<Duration>) -> Result<()> {
        let Some(pause) = pauses.next(after) else {
            let why = "the operation had not ended after half an hour; the next apply goes on with what it leaves";
            return Err(Error::Unavailable(Box::new(call.clone().because(why))));
        };
        pauses::pause(pause).await;
        Ok(())
    }
}

fn failed(call: Call, operation: Operation) -> Error {
    let explained = operation.error.unwrap_or_default();
    let status = operation.status.unwrap_or_default();
    let code = explained.code.unwrap_or(status);
    // What ended badly met no other change: without a code that says so, it is not made again by itself.
    from_code(call, &code, explained.message.as_deref(), 400)
}

/// Whether an object that a create finds is made once more: an operation that failed left it, and by its tags it is the wanted
/// one, which no apply has finished. One that is still being made is waited for, and any other exists.
pub(crate) fn once_more(
    call: Call,
    state: Option<&str>,
    found: Option<&Tags>,
    wanted: &Tags,
) -> Result<()> {
    let has = |tags: &Tags| {
        let same = |(name, value)| tags.get(name) == Some(value);
        tags.contains_key(CREATING) && wanted.iter().all(same)
    };
    match Status::of(state) {
        Status::Running => {
            let call = call.because(format!(
                "Azure is not done with it: its state is {}",
                state.unwrap_or_default()
            ));
            Err(Error::Conflict(Box::new(call)))
        }
        Status::Failed if found.is_some_and(has) => Ok(()),
        Status::Failed | Status::Succeeded => Err(Error::AlreadyExists(Box::new(call))),
    }
}

fn provisioning(answer: &RawResponse) -> Status {
    let found: Provisioned = serde_json::from_slice(answer.body().as_ref()).unwrap_or_default();
    let state = found
        .properties
        .and_then(|properties| properties.provisioning_state);
    Status::of(state.as_deref())
}

fn is_running(answer: &RawResponse) -> bool {
    provisioning(answer) == Status::Running
}

fn retry_after(answer: &RawResponse) -> Option<Duration> {
    after(answer.headers().get_optional_str(&RETRY_AFTER)?.trim())
}

/// Seconds, or the date of when to come back.
fn after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let left = time::parse_rfc7231(text).ok()? - OffsetDateTime::now_utc();
    Some(left.try_into().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_is_not_terminal_is_waited_for() {
        for (text, status) in [
            (None, Status::Succeeded),
            (Some("Succeeded"), Status::Succeeded),
            (Some("succeeded"), Status::Succeeded),
            (Some("Canceled"), Status::Failed),
            (Some("ResolvingDNS"), Status::Running),
        ] {
            assert_eq!(Status::of(text), status, "{text:?}");
        }
    }

    #[test]
    fn azure_tells_seconds_or_a_date() {
        assert_eq!(after("120"), Some(Duration::from_mins(2)));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let later = OffsetDateTime::now_utc() + Duration::from_secs(90);
        let left = after(&time::to_rfc7231(&later)).unwrap();
        assert!(
            left > Duration::from_secs(80) && left <= Duration::from_secs(90),
            "{left:?}"
        );
        assert_eq!(after("soon"), None);
    }

    #[test]
    fn an_operation_that_failed_is_final_whatever_its_code() {
        let operation = |code: Option<&str>| -> Operation {
            let error = code.map(|code| serde_json::json!({ "code": code }));
            let body = serde_json::json!({ "status": "Failed", "error": error });
            serde_json::from_value(body).unwrap()
        };
        let call = Call::new("Microsoft.ContainerRegistry/registries/write", "acme");
        for code in [None, Some("ProvisioningFailed")] {
            let error = failed(call.clone(), operation(code));
            assert!(matches!(error, Error::Invalid(_)), "{error:?}");
        }
        let error = failed(call, operation(Some("AnotherOperationInProgress")));
        assert!(matches!(error, Error::Conflict(_)), "{error:?}");
    }

    #[test]
    fn only_what_failed_as_the_wanted_one_is_made_once_more() {
        let finished = |owner: &str| Tags::from([("dataplane:owner".to_owned(), owner.to_owned())]);
        let tags = |owner: &str| {
            let mut tags = finished(owner);
            tags.insert(CREATING.to_owned(), "true".to_owned());
            tags
        };
        let made = |state, found: &Tags, wanted: &Tags| {
            once_more(Call::new("make", "it"), Some(state), Some(found), wanted)
        };
        let again = |state, owner: &str| made(state, &tags(owner), &tags("acme"));
        for wanted in [Tags::new(), finished("acme")] {
            let refused = made("Failed", &finished("acme"), &wanted);
            assert!(matches!(refused, Err(Error::AlreadyExists(_))));
        }
        assert!(again("Failed", "acme").is_ok());
        assert!(matches!(
            again("Failed", "others"),
            Err(Error::AlreadyExists(_))
        ));
        assert!(matches!(
            again("Succeeded", "acme"),
            Err(Error::AlreadyExists(_))
        ));
        assert!(matches!(again("Creating", "acme"), Err(Error::Conflict(_))));
    }
}
