//! A proxy between an executor and the API server, over plain HTTP: it counts what is asked, and answers wrongly where a test
//! wants it so. Who asks stays the same: the token is passed on.

use std::{
    net::SocketAddr,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow};
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Bytes, Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_stream::wrappers::ReceiverStream;

use super::halt::{Halt, Side};
use crate::{
    cluster::{Cluster, Keys},
    issuer,
};

type Body = BoxBody<Bytes, anyhow::Error>;

/// A running front. It ends when dropped.
pub struct ApiFront {
    address: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

/// What was asked of the API server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// `GET`, `POST`, …, `LIST`, `WATCH`.
    pub verb: String,
    /// `pods`, `taskactions/status`.
    pub resource: String,
    pub name: String,
    /// 0 where nothing was answered.
    pub status: u16,
}

/// Answers the given requests wrongly. Those that match are counted from 0.
#[derive(Clone, Debug)]
pub struct ApiFault {
    /// Empty for all.
    pub verb: &'static str,
    /// Empty for all.
    pub resource: &'static str,
    pub requests: Range<usize>,
    pub answer: ApiAnswer,
}

#[derive(Clone, Copy, Debug)]
pub enum ApiAnswer {
    /// 409: somebody else wrote it first.
    Conflict,
    /// 429 with a pause of a second.
    Throttled,
    /// 500, as when etcd has no leader.
    EtcdError,
    /// 403 from admission.
    Forbidden,
    /// The deed is done, and the connection breaks before the answer.
    Lost,
    Slow(Duration),
}

struct State {
    target: String,
    client: reqwest::Client,
    faults: Mutex<Vec<(ApiFault, usize)>>,
    requests: Mutex<Vec<Request>>,
    halts: Mutex<Vec<Halt>>,
    is_down: watch::Sender<bool>,
}

impl ApiFront {
    pub fn to(cluster: &Cluster) -> Result<Self> {
        issuer::crypto();
        let Keys::At { ca_certificate, .. } = cluster.keys()? else {
            return Err(anyhow!("a front stands before a cluster of ours only"));
        };
        let certificate = reqwest::Certificate::from_pem(ca_certificate.as_bytes())?;
        let state = Arc::new(State {
            target: cluster.endpoint(),
            client: reqwest::Client::builder()
                .tls_certs_only([certificate])
                .no_proxy()
                .build()?,
            faults: Mutex::default(),
            requests: Mutex::default(),
            halts: Mutex::default(),
            is_down: watch::Sender::new(false),
        });
        let listener = issuer::runtime().block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let server = issuer::runtime().spawn(serve(listener, Arc::clone(&state)));
        Ok(Self {
            address,
            state,
            server,
        })
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn fault(&self, fault: ApiFault) {
        lock(&self.state.faults).push((fault, 0));
    }

    pub fn clear_faults(&self) {
        lock(&self.state.faults).clear();
    }

    pub fn halt(&self, halt: Halt) {
        lock(&self.state.halts).push(halt);
    }

    /// Breaks all connections, or lets new ones through.
    pub fn set_down(&self, is_down: bool) {
        self.state.is_down.send_replace(is_down);
    }

    /// The requests since the last time this was asked.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut *lock(&self.state.requests))
    }
}

impl Drop for ApiFront {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&state)));
        }
    }
}

async fn converse(stream: TcpStream, state: Arc<State>) {
    let mut down = state.is_down.subscribe();
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(Arc::clone(&state), request));
    let conversation =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // An error is a client that hung up, or a connection broken on purpose.
        _ = conversation => {}
        _ = down.wait_for(|down| *down) => {}
    }
}

async fn answer(state: Arc<State>, asked: http::Request<Incoming>) -> Result<Response<Body>> {
    let (parts, body) = asked.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let mut request = Request::read(parts.method.as_str(), target);
    let fault = state.fault_for(&request);
    if let Some(ApiAnswer::Slow(pause)) = fault {
        wait_out(pause).await;
    }
    if let Some((status, reason)) = fault.and_then(ApiAnswer::status) {
        request.status = status.as_u16();
        lock(&state.requests).push(request);
        return refusal(status, reason);
    }
    let mut headers = parts.headers;
    for own in [header::HOST, header::CONNECTION] {
        headers.remove(own);
    }
    let body = body.collect().await?.to_bytes();
    let halt = Halt::among(&lock(&state.halts), parts.method.as_str(), target, &body);
    if let Some((halt, Side::Before)) = &halt {
        halt.hold().await;
    }
    let sent = state
        .client
        .request(parts.method, format!("{}{target}", state.target))
        .headers(headers)
        .body(body)
        .send()
        .await;
    request.status = sent.as_ref().map_or(0, |answer| answer.status().as_u16());
    lock(&state.requests).push(request);
    let answer = sent.context("passing a request on to the API server")?;
    if let Some((halt, Side::After)) = &halt {
        halt.hold().await;
    }
    if matches!(fault, Some(ApiAnswer::Lost)) {
        return Err(anyhow!("the answer is lost, as the test asked"));
    }
    let mut passed = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name != header::TRANSFER_ENCODING && name != header::CONNECTION {
            passed = passed.header(name, value);
        }
    }
    Ok(passed.body(streamed(answer))?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server that is slow on purpose has nothing to wait for but time"
)]
async fn wait_out(pause: Duration) {
    tokio::time::sleep(pause).await;
}

/// The body as it comes: a watch never ends.
fn streamed(mut answer: reqwest::Response) -> Body {
    let (sender, receiver) = mpsc::channel::<Result<Frame<Bytes>>>(16);
    tokio::spawn(async move {
        loop {
            let part = match answer.chunk().await {
                Ok(Some(part)) => Ok(Frame::data(part)),
                Ok(None) => return,
                Err(error) => Err(error.into()),
            };
            let is_over = part.is_err();
            if sender.send(part).await.is_err() || is_over {
                return;
            }
        }
    });
    BoxBody::new(StreamBody::new(ReceiverStream::new(receiver)))
}

fn refusal(status: StatusCode, reason: &str) -> Result<Response<Body>> {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": status.as_u16(), "reason": reason,
        "message": "as the test asked",
    });
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json");
    if status == StatusCode::TOO_MANY_REQUESTS {
        response = response.header(header::RETRY_AFTER, "1");
    }
    let body = Full::new(Bytes::from(body.to_string())).map_err(|never| match never {});
    Ok(response.body(BoxBody::new(body))?)
}

impl State {
    fn fault_for(&self, request: &Request) -> Option<ApiAnswer> {
        let mut chosen = None;
        for (fault, seen) in lock(&self.faults).iter_mut() {
            let matches = (fault.verb.is_empty() || fault.verb == request.verb)
                && (fault.resource.is_empty() || fault.resource == request.resource);
            if matches {
                if fault.requests.contains(seen) && chosen.is_none() {
                    chosen = Some(fault.answer);
                }
                *seen += 1;
            }
        }
        chosen
    }
}

impl ApiAnswer {
    fn status(self) -> Option<(StatusCode, &'static str)> {
        match self {
            Self::Conflict => Some((StatusCode::CONFLICT, "Conflict")),
            Self::Throttled => Some((StatusCode::TOO_MANY_REQUESTS, "TooManyRequests")),
            Self::EtcdError => Some((StatusCode::INTERNAL_SERVER_ERROR, "InternalError")),
            Self::Forbidden => Some((StatusCode::FORBIDDEN, "Forbidden")),
            Self::Lost | Self::Slow(_) => None,
        }
    }
}

impl Request {
    /// Of `/api/v1/namespaces/N/pods/P/status?…` and `/apis/G/V/namespaces/N/R/O`.
    fn read(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        parts.drain(
            ..parts
                .len()
                .min(if parts.first() == Some(&"apis") { 3 } else { 2 }),
        );
        if parts.first() == Some(&"namespaces") && parts.len() > 2 {
            parts.drain(..2);
        }
        let part = |index: usize| parts.get(index).copied().unwrap_or_default().to_owned();
        let verb = match (method, parts.len()) {
            ("GET", 0 | 1) if query.contains("watch=") => "WATCH",
            ("GET", 0 | 1) => "LIST",
            (method, _) => method,
        };
        let resource = match parts.get(2) {
            Some(subresource) => format!("{}/{subresource}", part(0)),
            None => part(0),
        };
        Self {
            verb: verb.to_owned(),
            resource,
            name: part(1),
            status: 0,
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_named_as_the_api_server_names_them() {
        for (method, target, verb, resource, name) in [
            ("GET", "/api/v1/pods?limit=1", "LIST", "pods", ""),
            (
                "GET",
                "/apis/flyte.org/v1/taskactions?watch=true",
                "WATCH",
                "taskactions",
                "",
            ),
            (
                "POST",
                "/api/v1/namespaces/x/pods?&fieldManager=y",
                "POST",
                "pods",
                "",
            ),
            (
                "PATCH",
                "/apis/flyte.org/v1/namespaces/x/taskactions/r-a0/status",
                "PATCH",
                "taskactions/status",
                "r-a0",
            ),
            ("GET", "/api/v1/namespaces/x", "GET", "namespaces", "x"),
        ] {
            let request = Request::read(method, target);
            assert_eq!(
                (&*request.verb, &*request.resource, &*request.name),
                (verb, resource, name)
            );
        }
    }
}
