//! A control plane that only counts: every event is acknowledged at once.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use acceptance::{cluster::Authority, issuer};
use anyhow::Result;
use dataplane_proto::flyteidl2::{
    common::ActionPhase,
    workflow::{
        RecordRequest, RecordResponse,
        events_proxy_service_server::{EventsProxyService, EventsProxyServiceServer},
    },
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status,
    transport::{Identity, Server, ServerTlsConfig},
};

pub struct Events {
    address: SocketAddr,
    authority: Authority,
    heard: Arc<Mutex<Heard>>,
    server: JoinHandle<()>,
}

/// When the first and the last event of each run came, and how many batches there were.
#[derive(Default)]
struct Heard {
    first: HashMap<String, Instant>,
    ended: HashMap<String, Instant>,
    events: usize,
    batches: usize,
}

struct Service(Arc<Mutex<Heard>>);

impl Events {
    pub fn start() -> Result<Self> {
        issuer::crypto();
        let authority = Authority::new("bench")?;
        let certificate = authority.server(&["localhost", "127.0.0.1"])?;
        let identity = Identity::from_pem(certificate.certificate, certificate.key);
        let heard = Arc::<Mutex<Heard>>::default();
        let service = EventsProxyServiceServer::new(Service(Arc::clone(&heard)))
            .max_decoding_message_size(64 << 20);
        let (listener, mut server) = issuer::runtime().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let server = Server::builder().tls_config(ServerTlsConfig::new().identity(identity))?;
            anyhow::Ok((listener, server))
        })?;
        let address = listener.local_addr()?;
        let serving = server
            .add_service(service)
            .serve_with_incoming(TcpListenerStream::new(listener));
        let server = issuer::runtime().spawn(async move {
            // It ends with the process, or is aborted.
            let _ = serving.await;
        });
        Ok(Self {
            address,
            authority,
            heard,
            server,
        })
    }

    /// `host:port`.
    pub fn endpoint(&self) -> String {
        self.address.to_string()
    }

    pub fn ca_certificate(&self) -> &str {
        self.authority.certificate()
    }

    /// How many runs have ended.
    pub fn ended(&self) -> usize {
        lock(&self.heard).ended.len()
    }

    /// When something was first told of a run.
    pub fn first(&self, run: &str) -> Option<Instant> {
        lock(&self.heard).first.get(run).copied()
    }

    /// Events and batches so far.
    pub fn counts(&self) -> (usize, usize) {
        let heard = lock(&self.heard);
        (heard.events, heard.batches)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[tonic::async_trait]
impl EventsProxyService for Service {
    async fn record(
        &self,
        request: Request<RecordRequest>,
    ) -> Result<Response<RecordResponse>, Status> {
        let now = Instant::now();
        let mut heard = lock(&self.0);
        heard.batches += 1;
        for event in request.into_inner().events {
            let run = event.id.and_then(|id| id.run);
            let run = run.ok_or_else(|| Status::invalid_argument("an event without a run"))?;
            heard.events += 1;
            if event.phase == ActionPhase::Succeeded as i32 {
                heard.ended.insert(run.name.clone(), now);
            }
            heard.first.entry(run.name).or_insert(now);
        }
        Ok(Response::new(RecordResponse::default()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
