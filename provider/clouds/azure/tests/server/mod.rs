//! A server on this machine that answers as it is told, and remembers what was asked.
//!
//! Azure's SDK speaks to nobody without TLS: a transport brings all hosts here, and says in a header which one was meant.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use azure_core::time::{Duration, OffsetDateTime};
use clouds::Clouds;
use clouds_azure::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const SUBSCRIPTION: &str = "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11";
pub const GROUP: &str = "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme";
pub const TOKEN: &str = "x.eyJvaWQiOiIxIn0.y";

/// Status, headers and body.
pub type Answer = (&'static str, String, String);

pub fn ok(body: &str) -> Answer {
    ("200 OK", String::new(), body.to_owned())
}

pub fn error(status: &'static str, code: &str, message: &str) -> Answer {
    let body = format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#);
    (status, "x-ms-correlation-request-id: c-1\r\n".into(), body)
}

pub fn not_found() -> Answer {
    error(
        "404 Not Found",
        "ResourceNotFound",
        "The Resource was not found.",
    )
}

/// An answer for requests that begin with a method and hold a text in their path or body: given once, in this order, and by the last
/// of its kind from then on.
pub struct Scripted(pub &'static str, pub &'static str, pub Answer);

pub struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers what is scripted, and 404 to anything else.
    pub async fn scripted(script: Vec<Scripted>) -> Self {
        let script = Mutex::new(script);
        Self::choosing(move |request| {
            let mut script = script.lock().unwrap();
            let is_meant = |Scripted(method, text, _): &Scripted| {
                request.starts_with(method) && request.contains(text)
            };
            let Some(at) = script.iter().position(is_meant) else {
                return not_found();
            };
            if script.iter().filter(|line| is_meant(line)).count() > 1 {
                return script.remove(at).2;
            }
            script[at].2.clone()
        })
        .await
    }

    /// Gives each request the answer that is chosen for its head and body.
    pub async fn choosing(answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                let (status, headers, body) = answer(&request);
                remembered.lock().unwrap().push(request);
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        Self { port, requests }
    }

    pub fn clouds(&self, attempts: u32) -> Clouds {
        clouds_azure::connect(config(self.port, attempts))
    }

    /// Head and body of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Method and path of all requests so far, the path without what is the same in all of them.
    pub fn lines(&self) -> Vec<String> {
        let line = |request: &String| {
            let line = request.lines().next().unwrap_or_default();
            let line = line.trim_end_matches(" HTTP/1.1");
            let path = line.split("?api-version").next().unwrap_or_default();
            path.replace(GROUP, "")
                .replace("/providers/Microsoft.", "/")
        };
        self.requests().iter().map(line).collect()
    }

    /// The lines of requests that change something.
    pub fn writes(&self) -> Vec<String> {
        let mut lines = self.lines();
        lines.retain(|line| !line.starts_with("GET"));
        lines
    }
}

pub fn config(port: u16, attempts: u32) -> Config {
    Config {
        credential: Some(Arc::new(Anybody)),
        transport: Some(Arc::new(ToLoopback {
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            port,
        })),
        attempts,
        ..Config::new(
            SUBSCRIPTION.parse().unwrap(),
            "acme".parse().unwrap(),
            "westeurope".parse().unwrap(),
        )
    }
}

#[derive(Debug)]
struct Anybody;

#[async_trait]
impl TokenCredential for Anybody {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let expires = OffsetDateTime::now_utc() + Duration::hours(1);
        Ok(AccessToken::new(TOKEN.to_owned(), expires))
    }
}

#[derive(Debug)]
struct ToLoopback {
    client: reqwest::Client,
    port: u16,
}

#[async_trait]
impl HttpClient for ToLoopback {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut request = request.clone();
        let url = request.url_mut();
        let host = url.host_str().unwrap_or_default().to_owned();
        url.set_scheme("http").unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.port)).unwrap();
        request.insert_header("x-original-host", host);
        self.client.execute_request(&request).await
    }
}

/// Reads until the body is as long as the head says.
async fn read(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            return text;
        }
    }
}
