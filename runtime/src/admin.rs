//! `/healthz`, `/readyz` and `/metrics`.
//!
//! Liveness says that the process can answer, and nothing more: starting it again would not bring the API server or the
//! control plane back. Readiness says that the mode has what it needs of the cluster. Losing the control plane touches
//! neither: tasks go on without it, and a rollout during its outage must succeed.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::{backoff::Backoff, metrics::Metrics};

/// Whether the pod is ready, and if not, why.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<watch::Sender<Option<&'static str>>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Some("it is starting"))))
    }
}

impl Readiness {
    pub fn ready(&self) {
        self.0.send_replace(None);
    }

    pub fn not_ready(&self, reason: &'static str) {
        self.0.send_replace(Some(reason));
    }

    fn reason(&self) -> Option<&'static str> {
        *self.0.borrow()
    }
}

/// Answers until the task is dropped.
pub async fn serve(listener: TcpListener, readiness: Readiness, metrics: Arc<Metrics>) {
    loop {
        let stream = accepted(|| listener.accept()).await;
        let (readiness, metrics) = (readiness.clone(), metrics.clone());
        tokio::spawn(async move {
            let service = hyper::service::service_fn(|request: Request<Incoming>| {
                let response = answer(request.method(), request.uri().path(), &readiness, &metrics);
                async { Ok::<_, Infallible>(response) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                // A client that never ends its request is let go.
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                debug!(%error, "serving an admin connection");
            }
        });
    }
}

/// The next connection. Out of file descriptors, accepting fails at once and will until others end: a pause leaves them the
/// processor, and a probe comes again.
async fn accepted<F>(mut accept: impl FnMut() -> F) -> TcpStream
where
    F: Future<Output = io::Result<(TcpStream, SocketAddr)>>,
{
    let never = CancellationToken::new();
    let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));
    loop {
        match accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => debug!(%error, "accepting an admin connection"),
        }
        backoff.wait(&never).await;
    }
}

fn answer(
    method: &Method,
    path: &str,
    readiness: &Readiness,
    metrics: &Metrics,
) -> Response<Full<Bytes>> {
    if method != Method::GET && method != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET");
    }
    match path {
        "/healthz" => text(StatusCode::OK, "ok"),
        "/readyz" => match readiness.reason() {
            None => text(StatusCode::OK, "ready"),
            Some(reason) => text(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("not ready: {reason}"),
            ),
        },
        "/metrics" => match metrics.render() {
            Ok(body) => text(StatusCode::OK, body),
            Err(error) => text(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("rendering the metrics: {error}"),
            ),
        },
        _ => text(
            StatusCode::NOT_FOUND,
            "there are /healthz, /readyz and /metrics",
        ),
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        http::HeaderValue::from_static("text/plain; version=0.0.4"),
    );
    response
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        time::Instant,
    };

    use super::*;

    fn status(path: &str, readiness: &Readiness) -> u16 {
        answer(&Method::GET, path, readiness, &Metrics::new().unwrap())
            .status()
            .as_u16()
    }

    #[test]
    fn readiness_follows_the_mode_and_liveness_does_not() {
        let readiness = Readiness::default();
        assert_eq!(
            (
                status("/healthz", &readiness),
                status("/readyz", &readiness)
            ),
            (200, 503)
        );
        readiness.ready();
        assert_eq!(
            (
                status("/healthz", &readiness),
                status("/readyz", &readiness)
            ),
            (200, 200)
        );
        readiness.not_ready("it is stopping");
        assert_eq!(
            (
                status("/healthz", &readiness),
                status("/readyz", &readiness)
            ),
            (200, 503)
        );
    }

    #[test]
    fn nothing_else_is_answered() {
        let readiness = Readiness::default();
        assert_eq!(status("/", &readiness), 404);
        let post = answer(
            &Method::POST,
            "/healthz",
            &readiness,
            &Metrics::new().unwrap(),
        );
        assert_eq!(post.status(), 405);
    }

    #[tokio::test(start_paused = true)]
    async fn an_accept_that_fails_is_not_tried_without_pause() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let mut first = Some(tokio::join!(client, listener.accept()).1);
        let began = Instant::now();
        let mut failures = 0;
        accepted(|| {
            failures += 1;
            // EMFILE.
            let full = Err(io::Error::from_raw_os_error(24));
            std::future::ready(if failures <= 20 {
                full
            } else {
                first.take().unwrap()
            })
        })
        .await;
        // 10 ms, doubled up to a second: at least half of each.
        assert!(
            began.elapsed() > Duration::from_secs(6),
            "{:?}",
            began.elapsed()
        );
    }

    #[tokio::test]
    async fn is_served_over_http() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(
            listener,
            Readiness::default(),
            Arc::new(Metrics::new().unwrap()),
        ));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        server.abort();
        assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
        assert!(
            response.contains("dataplane_control_plane_connected 0"),
            "{response}"
        );
    }
}
