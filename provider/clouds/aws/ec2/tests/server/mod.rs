//! A server on this machine that answers EC2's calls as it is told, and remembers what was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use clouds::Clouds;
use clouds_aws::{Config, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Parameters of a call by name, with its `Action`.
pub type Form = BTreeMap<String, String>;

pub struct Server {
    endpoint: String,
    asked: Arc<Mutex<Vec<Form>>>,
}

impl Server {
    /// Answers each call with what is chosen: the inside of a response, or an error's status, code and words.
    pub async fn choosing(
        answer: impl Fn(&Form, usize) -> Result<String, (u16, &'static str, &'static str)>
        + Send
        + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let form = form(&read(&mut stream).await);
                let nth = remembered.lock().unwrap().len();
                let (status, body) = match answer(&form, nth) {
                    Ok(inside) => {
                        let action = &form["Action"];
                        (
                            200,
                            format!("<{action}Response>{inside}</{action}Response>"),
                        )
                    }
                    Err((status, code, words)) => {
                        let error =
                            format!("<Error><Code>{code}</Code><Message>{words}</Message></Error>");
                        (
                            status,
                            format!("<Response><Errors>{error}</Errors></Response>"),
                        )
                    }
                };
                remembered.lock().unwrap().push(form);
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: text/xml\r\nx-amzn-requestid: r-ec2\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        Self { endpoint, asked }
    }

    /// Answers nothing but success.
    pub async fn agreeing() -> Self {
        Self::choosing(|_, _| Ok("<return>true</return>".into())).await
    }

    pub fn clouds(&self, attempts: u32) -> Clouds {
        let keys = Credentials::from_keys("test", "test", None);
        let config = Config {
            endpoints: [(Service::Ec2, self.endpoint.clone())].into(),
            attempts,
            credentials: Some(SharedCredentialsProvider::new(keys)),
            ..Config::new("eu-west-1".parse().unwrap())
        };
        clouds_aws::connect(config, clouds_aws_ec2::connectivity)
    }

    /// All calls so far, without what every call has.
    pub fn asked(&self) -> Vec<Form> {
        let mut asked = self.asked.lock().unwrap().clone();
        for form in &mut asked {
            form.remove("Version");
        }
        asked
    }

    /// Their names.
    pub fn actions(&self) -> Vec<String> {
        self.asked()
            .into_iter()
            .map(|mut form| form.remove("Action").unwrap())
            .collect()
    }
}

fn form(request: &str) -> Form {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts
        .next()
        .unwrap_or_default()
        .replace('+', " ")
        .into_bytes();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].replace('+', " ").bytes());
    }
    String::from_utf8(bytes).unwrap()
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
