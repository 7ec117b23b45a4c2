//! How requests leave and answers come in: bounded in time and in weight, without redirects, under our name.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::USER_AGENT;
use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use futures::StreamExt;

const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_mins(1);
/// The heaviest answer that is read: a page of a listing is well below.
const LARGEST: usize = 16 << 20;

/// A client with our bounds around it.
#[derive(Debug)]
pub(crate) struct Bounded {
    inner: Arc<dyn HttpClient>,
    user_agent: String,
}

impl Bounded {
    /// Around this client, or around one of our own.
    pub(crate) fn new(
        inner: Option<Arc<dyn HttpClient>>,
        user_agent: &str,
    ) -> azure_core::Result<Self> {
        let inner = match inner {
            Some(inner) => inner,
            None => Arc::new(client()?),
        };
        Ok(Self {
            inner,
            user_agent: user_agent.to_owned(),
        })
    }
}

fn client() -> azure_core::Result<reqwest::Client> {
    let built = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .redirect(reqwest::redirect::Policy::none())
        .build();
    built.map_err(|error| azure_core::Error::new(ErrorKind::Other, error))
}

#[async_trait]
impl HttpClient for Bounded {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut request = request.clone();
        let library = request
            .headers()
            .get_optional_str(&USER_AGENT)
            .unwrap_or_default();
        let user_agent = format!("{} {library}", self.user_agent);
        request.insert_header(USER_AGENT, user_agent.trim_end().to_owned());
        let origin = request.url().origin().ascii_serialization();
        let answer = self.inner.execute_request(&request).await;
        let answer = answer.map_err(|error| without_url(error, &origin))?;
        let (status, headers, body) = answer.deconstruct();
        let mut weight = 0;
        let body = body.map(move |part| {
            let part = part.map_err(|error| without_url(error, &origin))?;
            weight += part.len();
            if weight > LARGEST {
                let why = format!("the answer is larger than {LARGEST} bytes");
                return Err(azure_core::Error::with_message(
                    ErrorKind::DataConversion,
                    why,
                ));
            }
            Ok(part)
        });
        Ok(AsyncRawResponse::new(status, headers, Box::pin(body)))
    }
}

/// What went wrong on the way, and where to. The whole URL is not told: those of operations are signed.
fn without_url(error: azure_core::Error, origin: &str) -> azure_core::Error {
    let kind = error.kind().clone();
    match error.into_downcast::<reqwest::Error>() {
        Ok(error) => {
            let what = format!("the request to {origin} failed");
            azure_core::Error::with_error(kind, error.without_url(), what)
        }
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use azure_core::Bytes;
    use azure_core::http::headers::Headers;
    use azure_core::http::{Method, StatusCode, Url};
    use futures::stream;

    use super::*;

    /// Answers this many megabytes, and its caller's user agent as a header.
    #[derive(Debug)]
    struct Megabytes(usize);

    #[async_trait]
    impl HttpClient for Megabytes {
        async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
            let mut headers = Headers::new();
            let seen = request.headers().get_optional_string(&USER_AGENT);
            headers.insert("x-seen", seen.unwrap_or_default());
            let parts = stream::repeat_with(|| Ok(Bytes::from(vec![0; 1 << 20]))).take(self.0);
            Ok(AsyncRawResponse::new(
                StatusCode::Ok,
                headers,
                Box::pin(parts),
            ))
        }
    }

    async fn ask(megabytes: usize) -> azure_core::Result<AsyncRawResponse> {
        let bounded = Bounded::new(Some(Arc::new(Megabytes(megabytes))), "acme/1.0")?;
        let url = Url::parse("https://azure.invalid/").unwrap();
        bounded
            .execute_request(&Request::new(url, Method::Get))
            .await
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large_is_not_read() {
        let whole = ask(16).await.unwrap().into_body().collect().await.unwrap();
        assert_eq!(whole.len(), LARGEST);
        let refused = ask(17).await.unwrap().into_body().collect().await;
        assert!(refused.unwrap_err().to_string().contains("larger than"));
    }

    #[tokio::test]
    async fn an_error_tells_the_host_and_not_what_was_signed() {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let bounded = Bounded::new(Some(Arc::new(client)), "acme/1.0").unwrap();
        let url = Url::parse("http://127.0.0.1:1/operations/1?s=hunter2").unwrap();
        let request = Request::new(url, Method::Get);
        let error = bounded.execute_request(&request).await.err().unwrap();
        assert_eq!(*error.kind(), ErrorKind::Connection);
        let said = format!("{} {error:?}", crate::credentials::causes(&error));
        assert!(said.contains("http://127.0.0.1:1 failed"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }

    #[tokio::test]
    async fn requests_carry_our_name() {
        let answer = ask(0).await.unwrap();
        let seen = answer.headers().get_optional_string(&"x-seen".into());
        assert_eq!(seen.as_deref(), Some("acme/1.0"));
    }
}
