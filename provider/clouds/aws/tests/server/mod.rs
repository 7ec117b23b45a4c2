//! A server on this machine that answers as it is told, and remembers what was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use clouds::Clouds;
use clouds_aws::{Config, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub struct Server {
    pub endpoint: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// Status, headers and body.
pub type Answer = (&'static str, &'static str, &'static str);

impl Server {
    /// Gives every request the same answer.
    pub async fn answering(
        status: &'static str,
        headers: &'static str,
        body: &'static str,
    ) -> Self {
        Self::choosing(move |_| (status, headers, body)).await
    }

    /// Gives each request the answer that is chosen for its head and body.
    pub async fn choosing(answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                let (status, headers, body) = answer(&request);
                // The answer to HEAD has no body.
                let body = if request.starts_with("HEAD") {
                    ""
                } else {
                    body
                };
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
        self.clouds_in("eu-west-1", attempts)
    }

    pub fn clouds_in(&self, region: &str, attempts: u32) -> Clouds {
        connect(region, &self.endpoint, attempts)
    }

    /// Head and body of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

pub fn connect(region: &str, endpoint: &str, attempts: u32) -> Clouds {
    let endpoints: BTreeMap<_, _> = Service::ALL
        .map(|service| (service, endpoint.to_owned()))
        .into();
    connected(Config {
        endpoints,
        attempts,
        credentials: Some(SharedCredentialsProvider::new(Credentials::from_keys(
            "test", "test", None,
        ))),
        ..Config::new(region.parse().unwrap())
    })
}

pub fn connected(config: Config) -> Clouds {
    clouds_aws::connect(config, |_| {
        let memory = Clouds::memory();
        (memory.private_services, memory.private_endpoints)
    })
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
