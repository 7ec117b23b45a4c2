//! An object store that answers at once, so that it is not what gets measured: of what a task may have left there are its
//! outputs, and nothing else.

use std::net::SocketAddr;

use acceptance::issuer;
use anyhow::Result;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinHandle};

const MISSING: &str = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>";

pub struct Store {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Store {
    pub fn start() -> Result<Self> {
        let listener = issuer::runtime().block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let server = issuer::runtime().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let conversation = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer));
                tokio::spawn(conversation);
            }
        });
        Ok(Self { address, server })
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let response = Response::builder()
        .header("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"")
        .header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT");
    Ok(if request.uri().path().ends_with("/outputs.pb") {
        // Said also to those who only ask whether it is there.
        response
            .header("content-length", "0")
            .body(Full::default())?
    } else {
        response
            .status(StatusCode::NOT_FOUND)
            .header("content-type", "application/xml")
            .body(Full::new(Bytes::from(MISSING)))?
    })
}
