//! Requests: built here, sent here, repeated here and nowhere else.
//!
//! A call is tried `attempts` times at most. Too many requests (429) and 503 are always repeated, since they were not
//! carried out; other failures of the service or of the way to it only where a second call does no more than the first:
//! reads, deletions, and changes that name the version they change. A creation whose answer was lost is repeated as well, for
//! its name is taken by then: whoever made the call is told so, and looks whose it is.
//!
//! A `Retry-After` is followed in full: whoever makes the call drops it when its deadline is over or Terraform is stopped. One
//! that asks for more than anybody waits is an error at once, and says so.

use std::fmt;
use std::time::Duration;

use clouds::error::Call;
use clouds::{Error, Result};
use http::{HeaderMap, Method, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;
use zeroize::Zeroizing;

use crate::error::{self, Answer, internal, unreadable};
use crate::session::{Service, Session};

/// More than any answer that we ask for.
const LARGEST_ANSWER: usize = 16 << 20;
const FIRST_PAUSE: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// The longest `Retry-After` that is followed.
const LONGEST_ASKED: Duration = Duration::from_mins(10);
/// What may not stand in one segment of a path.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'[')
    .add(b']')
    .add(b'\\')
    .add(b'^')
    .add(b'|')
    .add(b';')
    .add(b'+');

/// A call of the API by the name under which it is found, and what it is made on.
pub(crate) type Named<'n, O> = (&'n str, O);

/// A request on its way. It is never printed: its body may hold a secret.
pub(crate) struct Request<'s> {
    session: &'s Session,
    service: Service,
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Zeroizing<Vec<u8>>>,
    again: Again,
    source: bool,
    call: Call,
}

/// Whether a call is made again that may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// It may do more than the first one.
    Never,
    /// It fails when the first one was carried out. So an answer that says what went wrong is left to a person.
    Unanswered,
    /// It does no more than the first one.
    Always,
}

/// One failed attempt.
struct Failure {
    error: Error,
    status: Option<u16>,
    unsent: bool,
    after: Option<Duration>,
}

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

/// The one place that pauses: before a call is repeated, and between looks at an operation.
#[expect(
    clippy::disallowed_methods,
    reason = "a pause between attempts of one call, counted, and dropped with the call; what takes long is waited for by the provider"
)]
pub(crate) async fn pause(attempt: u32, told: Option<Duration>) {
    tokio::time::sleep(length(attempt, told)).await;
}

/// Never less than what the service told.
fn length(attempt: u32, told: Option<Duration>) -> Duration {
    let grown = FIRST_PAUSE
        .saturating_mul(1 << attempt.min(10))
        .min(LONGEST_PAUSE);
    // Half of it by chance, so that those who were refused together do not come back together.
    let own = grown / 2 + grown.mul_f64(rand::random::<f64>() / 2.0);
    told.map_or(own, |told| told.max(own / 4))
}

impl Session {
    pub(crate) fn get<O: fmt::Display>(
        &self,
        service: Service,
        path: impl Into<String>,
        call: Named<'_, O>,
    ) -> Request<'_> {
        self.request(Method::GET, service, path.into(), call)
    }

    pub(crate) fn post<O: fmt::Display>(
        &self,
        service: Service,
        path: impl Into<String>,
        call: Named<'_, O>,
    ) -> Request<'_> {
        self.request(Method::POST, service, path.into(), call)
    }

    pub(crate) fn put<O: fmt::Display>(
        &self,
        service: Service,
        path: impl Into<String>,
        call: Named<'_, O>,
    ) -> Request<'_> {
        self.request(Method::PUT, service, path.into(), call)
    }

    pub(crate) fn patch<O: fmt::Display>(
        &self,
        service: Service,
        path: impl Into<String>,
        call: Named<'_, O>,
    ) -> Request<'_> {
        self.request(Method::PATCH, service, path.into(), call)
    }

    pub(crate) fn delete<O: fmt::Display>(
        &self,
        service: Service,
        path: impl Into<String>,
        call: Named<'_, O>,
    ) -> Request<'_> {
        self.request(Method::DELETE, service, path.into(), call)
    }

    fn request<O: fmt::Display>(
        &self,
        method: Method,
        service: Service,
        path: String,
        (operation, object): Named<'_, O>,
    ) -> Request<'_> {
        Request {
            session: self,
            service,
            again: if method == Method::POST {
                Again::Never
            } else {
                Again::Always
            },
            method,
            path,
            query: Vec::new(),
            body: None,
            source: false,
            call: Call::new(operation, object),
        }
    }
}

impl Request<'_> {
    pub(crate) fn query(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|error| internal(&self.call.object, error))?;
        self.body = Some(Zeroizing::new(body));
        Ok(self)
    }

    /// A second call does no more than the first.
    pub(crate) fn repeatable(mut self) -> Self {
        self.again = Again::Always;
        self
    }

    /// It makes something whose name can be taken once.
    pub(crate) fn named(mut self) -> Self {
        self.again = Again::Unanswered;
        self
    }

    /// With the credentials that impersonation begins with.
    pub(crate) fn before_impersonation(mut self) -> Self {
        self.source = true;
        self
    }

    pub(crate) async fn answer<T: DeserializeOwned>(self) -> Result<T> {
        let bytes = Zeroizing::new(self.send().await?);
        let read = serde_json::from_slice(&bytes);
        // The parser's words may quote the answer, which is not always for everybody.
        read.map_err(|error| {
            unreadable(
                (&self.call.operation, &self.call.object),
                format!("its answer is not understood at line {}", error.line()),
            )
        })
    }

    /// For calls whose answer says nothing that we do not know.
    pub(crate) async fn done(self) -> Result<()> {
        self.send().await.map(drop)
    }

    async fn send(&self) -> Result<Vec<u8>> {
        self.session.guard()?;
        let mut attempt = 1;
        loop {
            let failure = match self.attempt().await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            if !failure.passes(self.again) {
                return Err(failure.error);
            }
            if let Some(told) = failure.after.filter(|told| *told > LONGEST_ASKED) {
                return Err(too_long(failure.error, told));
            }
            if attempt >= self.session.config.attempts.max(1) {
                return Err(failure.error);
            }
            pause(attempt, failure.after).await;
            attempt += 1;
        }
    }

    async fn attempt(&self) -> std::result::Result<Vec<u8>, Failure> {
        let client = self.session.http().await?;
        let headers = self.session.authorization(self.source).await?;
        let request = client
            .request(self.method.clone(), self.url()?)
            .headers(headers);
        let body = self.body.as_ref().map(|body| body.as_slice());
        let request = with_body(request, &self.method, body);
        let mut response = request.send().await.map_err(|error| self.broken(error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.broken(error))? {
            if body.len() + part.len() > LARGEST_ANSWER {
                return Err(internal(&self.call.object, "the answer is larger than 16 MiB").into());
            }
            body.extend_from_slice(&part);
        }
        if status.is_success() {
            return Ok(body);
        }
        let answer = Answer {
            status: status.as_u16(),
            headers: response.headers(),
            body: &body,
        };
        let project = &self.session.config.project;
        Err(Failure {
            error: error::from_answer(self.call.clone(), self.service, project, &answer),
            status: Some(status.as_u16()),
            unsent: false,
            after: retry_after(response.headers()),
        })
    }

    fn url(&self) -> Result<Url> {
        let text = format!("{}/{}", self.session.endpoint(self.service), self.path);
        let mut url = Url::parse(&text).map_err(|error| {
            let because = format!("the endpoint of {} is not a URL: {error}", self.service);
            Error::Invalid(Box::new(self.call.clone().because(because)))
        })?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }

    fn broken(&self, error: reqwest::Error) -> Failure {
        let unsent = error.is_connect();
        // Its own text repeats the URL, which the call names better.
        let call = Call {
            source: Some(std::sync::Arc::new(error.without_url())),
            ..self.call.clone()
        };
        Failure {
            error: Error::Unavailable(Box::new(call)),
            status: None,
            unsent,
            after: None,
        }
    }
}

impl Failure {
    fn passes(&self, again: Again) -> bool {
        match &self.error {
            Error::Throttled(_) => true,
            Error::Unavailable(_) if self.unsent || self.status == Some(503) => true,
            Error::Unavailable(_) => match again {
                Again::Never => false,
                Again::Unanswered => self.status.is_none(),
                Again::Always => true,
            },
            _ => false,
        }
    }
}

impl From<Error> for Failure {
    /// What failed before anything was sent stays as it is.
    fn from(error: Error) -> Self {
        Self {
            error: match error {
                Error::Unavailable(call) => Error::Invalid(call),
                error => error,
            },
            status: None,
            unsent: false,
            after: None,
        }
    }
}

/// Google refuses a POST that does not say how long it is (411), and an empty body alone says nothing over HTTP/1.1.
fn with_body(
    request: reqwest::RequestBuilder,
    method: &Method,
    body: Option<&[u8]>,
) -> reqwest::RequestBuilder {
    match body {
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_vec()),
        None if *method == Method::POST => request.header(header::CONTENT_LENGTH, 0),
        None => request,
    }
}

/// A rate that recovers only after so long is a quota that is used up: nobody comes back for it within an apply.
fn too_long(error: Error, told: Duration) -> Error {
    let said = |call: Box<Call>| {
        let words = call.message.as_deref().unwrap_or_default();
        let asked = format!("the service asks to come back in {} s", told.as_secs());
        let because = if words.is_empty() {
            asked
        } else {
            format!("{words}; {asked}")
        };
        Box::new(call.because(because))
    };
    match error {
        Error::Throttled(call) => Error::LimitExceeded(said(call)),
        Error::Unavailable(call) => Error::Unavailable(said(call)),
        error => error,
    }
}

/// Seconds, or the date of when to come back.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let left = at.duration_since(jiff::Timestamp::now());
    Some(left.try_into().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment() {
        assert_eq!(segment("raw/a b?c#d%e"), "raw%2Fa%20b%3Fc%23d%25e");
        assert_eq!(
            segment("a@acme-prod.iam.gserviceaccount.com"),
            "a@acme-prod.iam.gserviceaccount.com"
        );
    }

    #[test]
    fn a_post_says_how_long_it_is() {
        let client = reqwest::Client::builder().build().unwrap();
        let length = |method: Method| {
            let request = client.request(method.clone(), "http://localhost/");
            let built = with_body(request, &method, None).build().unwrap();
            built.headers().get(header::CONTENT_LENGTH).cloned()
        };
        assert_eq!(length(Method::POST).unwrap(), "0");
        assert_eq!(length(Method::GET), None);
    }

    #[test]
    fn what_the_service_tells_is_never_cut() {
        let told = Duration::from_secs(90);
        assert_eq!(length(1, Some(told)), told);
        assert!(length(4, Some(Duration::ZERO)) > Duration::ZERO);
        assert!(length(20, None) <= LONGEST_PAUSE);
    }

    #[test]
    fn a_service_tells_seconds_or_a_date() {
        let told = |text: &str| {
            retry_after(&HeaderMap::from_iter([(
                header::RETRY_AFTER,
                text.parse().unwrap(),
            )]))
        };
        assert_eq!(told("120"), Some(Duration::from_mins(2)));
        assert_eq!(told("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let later = jiff::Timestamp::now() + jiff::Span::new().seconds(90);
        let later = later.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let left = told(&later).unwrap();
        assert!(
            left > Duration::from_secs(80) && left <= Duration::from_secs(90),
            "{left:?}"
        );
        assert_eq!(told("soon"), None);
    }

    #[test]
    fn only_what_does_no_harm_is_repeated() {
        let call = || Box::new(Call::new("storage.buckets.insert", "acme"));
        let failure = |error, status| Failure {
            error,
            status,
            unsent: false,
            after: None,
        };
        assert!(failure(Error::Throttled(call()), Some(429)).passes(Again::Never));
        assert!(failure(Error::Unavailable(call()), Some(503)).passes(Again::Never));
        assert!(!failure(Error::Unavailable(call()), Some(500)).passes(Again::Never));
        assert!(!failure(Error::Unavailable(call()), None).passes(Again::Never));
        assert!(!failure(Error::Unavailable(call()), Some(500)).passes(Again::Unanswered));
        assert!(failure(Error::Unavailable(call()), None).passes(Again::Unanswered));
        assert!(failure(Error::Unavailable(call()), None).passes(Again::Always));
        assert!(!failure(Error::NotFound(call()), Some(404)).passes(Again::Always));
    }
}
