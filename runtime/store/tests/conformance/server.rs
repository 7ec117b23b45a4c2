//! A small server of HTTP, whose answers a test writes.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::SocketAddr,
    sync::Arc,
};

use futures::future::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    sync::Mutex,
};
use tokio_rustls::TlsAcceptor;

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// With the query.
    pub target: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// What the answer claims to hold, if that is not what it holds.
    pub claims: Option<usize>,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            claims: None,
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// As a store sends an object.
    pub fn object(body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let mut tag = DefaultHasher::new();
        body.hash(&mut tag);
        let tag = format!("\"{:x}\"", tag.finish());
        Self::new(200, body)
            .with("ETag", tag)
            .with("Last-Modified", "Sat, 21 Nov 2026 17:00:00 GMT")
    }
}

/// Ends with the test.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    requests: Arc<Mutex<Vec<Request>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(
        answer: impl Fn(Request) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
    ) -> Self {
        Self::listen(None, answer).await
    }

    /// With a certificate that nobody else knows, in PEM.
    pub async fn encrypted(
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> (Self, String) {
        let names = vec!["127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.unwrap())
            .unwrap();
        let server = Self::listen(Some(Arc::new(config).into()), move |request| {
            let answer = answer(&request);
            Box::pin(async move { answer })
        });
        (server.await, made.cert.pem())
    }

    async fn listen(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(Request) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
    ) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer, tls) = (Arc::clone(&seen), Arc::clone(&answer), tls.clone());
                tokio::spawn(async move {
                    // A client that went away is none of ours.
                    let _ = match tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => converse(stream, &seen, answer.as_ref()).await,
                            Err(error) => Err(error),
                        },
                        None => converse(stream, &seen, answer.as_ref()).await,
                    };
                });
            }
        });
        Self {
            address,
            scheme,
            requests,
            task,
        }
    }

    /// Answers that need no waiting.
    pub async fn with(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(move |request| {
            let answer = answer(&request);
            Box::pin(async move { answer })
        })
        .await
    }

    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }

    pub async fn requests(&self) -> Vec<Request> {
        self.requests.lock().await.clone()
    }
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: &Mutex<Vec<Request>>,
    answer: &(impl Fn(Request) -> BoxFuture<'static, Answer> + Sync),
) -> std::io::Result<()> {
    let request = read(&mut stream).await?;
    seen.lock().await.push(request.clone());
    let head = request.method == "HEAD";
    let Answer {
        status,
        headers,
        body,
        claims,
    } = answer(request).await;
    let mut text = format!(
        "HTTP/1.1 {status} Answer\r\nConnection: close\r\nContent-Length: {}\r\n",
        claims.unwrap_or(body.len())
    );
    for (name, value) in headers {
        text.extend([&name, ": ", &value, "\r\n"]);
    }
    text += "\r\n";
    stream.write_all(text.as_bytes()).await?;
    if !head {
        stream.write_all(&body).await?;
    }
    stream.shutdown().await
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut buffer).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(str::to_owned);
    let mut request = Request {
        method: first.next().unwrap_or_default(),
        target: first.next().unwrap_or_default(),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: bytes[end + 4..].to_vec(),
    };
    let length = request
        .header("content-length")
        .and_then(|text| text.parse().ok());
    while request.body.len() < length.unwrap_or(0) {
        match stream.read(&mut buffer).await? {
            0 => break,
            count => request.body.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(request)
}
