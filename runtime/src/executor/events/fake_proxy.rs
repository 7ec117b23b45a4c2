//! A control plane inside the test that takes events: in memory, or behind real gRPC over real TLS. It keeps what it takes as
//! Flyte's does: the first event of each action, attempt, phase and version.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dataplane_proto::flyteidl2::workflow::{
    ActionEvent, RecordRequest, RecordResponse,
    events_proxy_service_server::{EventsProxyService, EventsProxyServiceServer},
};
use tokio::{net::TcpListener, runtime::Runtime, time::sleep_until};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status,
    transport::{Identity, Server, ServerTlsConfig},
};

use super::{action_of, record::Record};

/// How a call is answered.
pub enum Reply {
    Take,
    Refuse(Status),
    /// The events are taken, but nobody hears of it.
    TakeAndFail(Status),
    /// After so long.
    TakeLate(Duration),
}

type Script = Box<dyn FnMut(&[ActionEvent]) -> Reply + Send>;

/// What the control plane knows, and how it behaves.
#[derive(Clone)]
pub struct Ledger(Arc<Mutex<Inner>>);

struct Inner {
    script: Script,
    known: HashSet<(u64, u32, i32, u32)>,
    taken: Vec<ActionEvent>,
    calls: Vec<Vec<ActionEvent>>,
    tokens: HashSet<String>,
    on_their_way: HashSet<u64>,
    overtaken: bool,
}

impl Ledger {
    pub fn new(script: impl FnMut(&[ActionEvent]) -> Reply + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            script: Box::new(script),
            known: HashSet::new(),
            taken: Vec::new(),
            calls: Vec::new(),
            tokens: HashSet::new(),
            on_their_way: HashSet::new(),
            overtaken: false,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn behave(&self, script: impl FnMut(&[ActionEvent]) -> Reply + Send + 'static) {
        self.inner().script = Box::new(script);
    }

    /// What was taken, without repetitions, in the order of arrival.
    pub fn taken(&self) -> Vec<ActionEvent> {
        self.inner().taken.clone()
    }

    pub fn calls(&self) -> Vec<Vec<ActionEvent>> {
        self.inner().calls.clone()
    }

    pub fn tokens(&self) -> HashSet<String> {
        self.inner().tokens.clone()
    }

    /// Whether two calls with events of the same action were ever on their way at the same time.
    pub fn overtaken(&self) -> bool {
        self.inner().overtaken
    }
}

impl Inner {
    fn keep(&mut self, events: &[ActionEvent]) {
        for event in events {
            let key = (action_of(event), event.attempt, event.phase, event.version);
            if self.known.insert(key) {
                self.taken.push(event.clone());
            }
        }
    }
}

impl Record for Ledger {
    async fn record(&self, events: Vec<ActionEvent>) -> Result<(), Status> {
        let actions: HashSet<u64> = events.iter().map(action_of).collect();
        let reply = {
            let mut inner = self.inner();
            inner.calls.push(events.clone());
            inner.overtaken |= !inner.on_their_way.is_disjoint(&actions);
            inner.on_their_way.extend(&actions);
            (inner.script)(&events)
        };
        let (late, takes, result) = match reply {
            Reply::Take => (Duration::ZERO, true, Ok(())),
            Reply::Refuse(status) => (Duration::ZERO, false, Err(status)),
            Reply::TakeAndFail(status) => (Duration::ZERO, true, Err(status)),
            Reply::TakeLate(late) => (late, true, Ok(())),
        };
        if late.is_zero() {
            tokio::task::yield_now().await;
        } else {
            sleep_until(tokio::time::Instant::now() + late).await;
        }
        let mut inner = self.inner();
        inner
            .on_their_way
            .retain(|action| !actions.contains(action));
        if takes {
            inner.keep(&events);
        }
        result
    }
}

#[tonic::async_trait]
impl EventsProxyService for Ledger {
    async fn record(
        &self,
        request: Request<RecordRequest>,
    ) -> Result<Response<RecordResponse>, Status> {
        if let Some(token) = request.metadata().get("authorization") {
            let token = token.to_str().unwrap_or_default().to_owned();
            self.inner().tokens.insert(token);
        }
        Record::record(self, request.into_inner().events).await?;
        Ok(Response::new(RecordResponse {}))
    }
}

/// The ledger behind a socket, in a runtime of its own: its connections end with it.
pub struct FakeProxy {
    pub address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Drop for FakeProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl FakeProxy {
    pub async fn start(address: SocketAddr, identity: Identity, ledger: Ledger) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listening = runtime.spawn(async move {
            let listener = TcpListener::bind(address).await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = Server::builder()
                .tls_config(ServerTlsConfig::new().identity(identity))
                .unwrap()
                .add_service(EventsProxyServiceServer::new(ledger))
                .serve_with_incoming(TcpListenerStream::new(listener));
            tokio::spawn(async { server.await.unwrap() });
            address
        });
        Self {
            address: listening.await.unwrap(),
            runtime: Some(runtime),
        }
    }
}
