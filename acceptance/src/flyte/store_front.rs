//! A proxy between an executor and its object store, which holds calls where a test wants it so. Signatures stay valid: the
//! host is passed on.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use anyhow::{Context as _, Result};
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    api_front::lock,
    halt::{Halt, Side},
};
use crate::issuer;

/// A running front. It ends when dropped.
pub struct StoreFront {
    address: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

struct State {
    target: String,
    client: reqwest::Client,
    halts: Mutex<Vec<Halt>>,
}

impl StoreFront {
    /// Before the store at this URL.
    pub fn to(target: &str) -> Result<Self> {
        issuer::crypto();
        let state = Arc::new(State {
            target: target.trim_end_matches('/').to_owned(),
            client: reqwest::Client::builder().no_proxy().build()?,
            halts: Mutex::default(),
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

    pub fn halt(&self, halt: Halt) {
        lock(&self.state.halts).push(halt);
    }
}

impl Drop for StoreFront {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&state), request));
            // An error is a client that hung up.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(state: Arc<State>, asked: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let (parts, body) = asked.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let body = body.collect().await?.to_bytes();
    let halt = Halt::among(&lock(&state.halts), parts.method.as_str(), target, &body);
    if let Some((halt, Side::Before)) = &halt {
        halt.hold().await;
    }
    let mut headers = parts.headers;
    // Both belong to the client's connection with us.
    headers.remove(header::EXPECT);
    headers.remove(header::CONNECTION);
    let answer = state
        .client
        .request(parts.method, format!("{}{target}", state.target))
        .headers(headers)
        .body(body)
        .send()
        .await
        .context("passing a call on to the store")?;
    if let Some((halt, Side::After)) = &halt {
        halt.hold().await;
    }
    let mut passed = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name != header::TRANSFER_ENCODING && name != header::CONNECTION {
            passed = passed.header(name, value);
        }
    }
    Ok(passed.body(Full::new(answer.bytes().await?))?)
}
