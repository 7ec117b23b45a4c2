//! A server on this machine that answers as it is told, and remembers what was asked.

use std::sync::{Arc, Mutex};

use clouds::Clouds;
use clouds::roles::{Capability, RoleSpec, Subject, Trust};
use clouds_gcp::{Config, Credentials, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub struct Server {
    pub endpoint: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// Status, headers and body.
pub type Answer = (&'static str, &'static str, String);

impl Server {
    /// Gives every request the same answer.
    pub async fn answering(
        status: &'static str,
        headers: &'static str,
        body: &'static str,
    ) -> Self {
        Self::choosing(move |_, _| (status, headers, body.to_owned())).await
    }

    /// Gives each request the answer that is chosen for its number, from 0, and its head and body.
    pub async fn choosing(answer: impl Fn(usize, &str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                let number = remembered.lock().unwrap().len();
                let (status, headers, body) = answer(number, &request);
                remembered.lock().unwrap().push(request);
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        Self { endpoint, requests }
    }

    pub fn clouds(&self, attempts: u32) -> Clouds {
        clouds_gcp::connect(config(&self.endpoint, attempts))
    }

    /// Head and body of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Verb and path of all requests so far.
    pub fn first_lines(&self) -> Vec<String> {
        let line = |request: String| {
            request
                .lines()
                .next()
                .unwrap_or_default()
                .trim_end_matches(" HTTP/1.1")
                .to_owned()
        };
        self.requests().into_iter().map(line).collect()
    }
}

pub fn config(endpoint: &str, attempts: u32) -> Config {
    Config {
        endpoints: Service::ALL
            .map(|service| (service, endpoint.to_owned()))
            .into(),
        attempts,
        credentials: Credentials::Token("ya29.test".to_owned().into()),
        ..Config::new(
            "acme-prod".parse().unwrap(),
            "europe-west4".parse().unwrap(),
        )
    }
}

/// A role for one service account.
pub fn spec(capabilities: impl IntoIterator<Item = Capability>) -> RoleSpec {
    RoleSpec {
        name: "adminflyterole".parse().unwrap(),
        path: None,
        permissions_boundary: None,
        max_session: None,
        trust: Trust::Gke {
            pool: "acme-prod.svc.id.goog".parse().unwrap(),
            direct: false,
        },
        subjects: [Subject::new("union", "executor").unwrap()].into(),
        capabilities: capabilities.into_iter().collect(),
    }
}

pub fn ok(body: &str) -> Answer {
    ("200 OK", "", body.to_owned())
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
