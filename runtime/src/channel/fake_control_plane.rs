//! A control plane inside the test: real gRPC over real TLS, with misbehaviour on demand.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use dataplane_proto::dataplane::v1::{
    HeartbeatRequest, HeartbeatResponse, RegisterRequest, RegisterResponse, ReportStatusRequest,
    ReportStatusResponse,
    cluster_service_server::{ClusterService, ClusterServiceServer},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{
    Request, Response, Status, Streaming,
    transport::{Identity, Server, ServerTlsConfig},
};

/// What the operator did.
#[derive(Debug)]
pub enum Event {
    Registered {
        token: String,
        request: RegisterRequest,
    },
    Refused,
    Beat(HeartbeatRequest),
    Reported(ReportStatusRequest),
}

/// What is done with the next call; when nothing is queued, it is answered.
#[derive(Clone, Copy, Debug)]
pub enum Misbehave {
    RefuseRegistration,
    EndStream,
    FailStream,
    AskForRegistration,
    Silence,
    FailReport,
}

pub struct FakeControlPlane {
    pub address: SocketAddr,
    /// PEM of the authority that signed its certificate.
    pub ca: String,
    pub events: mpsc::UnboundedReceiver<Event>,
    misbehaviour: Arc<Mutex<VecDeque<Misbehave>>>,
    server: JoinHandle<()>,
}

impl Drop for FakeControlPlane {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl FakeControlPlane {
    pub async fn start(misbehaviour: impl IntoIterator<Item = Misbehave>) -> Self {
        Self::start_at(
            SocketAddr::from(([127, 0, 0, 1], 0)),
            certificates(),
            misbehaviour,
        )
        .await
    }

    pub async fn start_at(
        address: SocketAddr,
        (ca, identity): (String, Identity),
        misbehaviour: impl IntoIterator<Item = Misbehave>,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, events) = mpsc::unbounded_channel();
        let misbehaviour = Arc::new(Mutex::new(misbehaviour.into_iter().collect()));
        let service = Service {
            events: sender,
            misbehaviour: Arc::clone(&misbehaviour),
        };
        let server = Server::builder()
            .tls_config(ServerTlsConfig::new().identity(identity))
            .unwrap()
            .add_service(ClusterServiceServer::new(service))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let server = tokio::spawn(async { server.await.unwrap() });
        Self {
            address,
            ca,
            events,
            misbehaviour,
            server,
        }
    }

    pub fn misbehave(&self, how: Misbehave) {
        queue(&self.misbehaviour).push_back(how);
    }
}

/// An authority and a certificate for 127.0.0.1 that it signed.
pub fn certificates() -> (String, Identity) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&key, &ca)
        .unwrap();
    (
        ca.pem(),
        Identity::from_pem(certificate.pem(), key.serialize_pem()),
    )
}

struct Service {
    events: mpsc::UnboundedSender<Event>,
    misbehaviour: Arc<Mutex<VecDeque<Misbehave>>>,
}

fn queue(
    misbehaviour: &Mutex<VecDeque<Misbehave>>,
) -> std::sync::MutexGuard<'_, VecDeque<Misbehave>> {
    misbehaviour.lock().unwrap_or_else(PoisonError::into_inner)
}

fn next(
    misbehaviour: &Mutex<VecDeque<Misbehave>>,
    fits: fn(&Misbehave) -> bool,
) -> Option<Misbehave> {
    let mut queue = queue(misbehaviour);
    if queue.front().is_some_and(fits) {
        queue.pop_front()
    } else {
        None
    }
}

#[tonic::async_trait]
impl ClusterService for Service {
    type HeartbeatStream = ReceiverStream<Result<HeartbeatResponse, Status>>;

    async fn register(
        &self,
        request: Request<RegisterRequest>,
    ) -> Result<Response<RegisterResponse>, Status> {
        if next(&self.misbehaviour, |how| {
            matches!(how, Misbehave::RefuseRegistration)
        })
        .is_some()
        {
            let _ = self.events.send(Event::Refused);
            return Err(Status::unauthenticated("unknown issuer"));
        }
        let token = request
            .metadata()
            .get("authorization")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let _ = self.events.send(Event::Registered {
            token,
            request: request.into_inner(),
        });
        Ok(Response::new(RegisterResponse {
            registration_id: "registration-1".to_owned(),
            heartbeat_interval: Some(prost_types::Duration {
                seconds: 0,
                nanos: 500_000_000,
            }),
        }))
    }

    async fn heartbeat(
        &self,
        request: Request<Streaming<HeartbeatRequest>>,
    ) -> Result<Response<Self::HeartbeatStream>, Status> {
        let mut beats = request.into_inner();
        let (answers, stream) = mpsc::channel(4);
        let (events, misbehaviour) = (self.events.clone(), Arc::clone(&self.misbehaviour));
        tokio::spawn(async move {
            while let Ok(Some(beat)) = beats.message().await {
                let sequence = beat.sequence;
                let _ = events.send(Event::Beat(beat));
                let how = next(&misbehaviour, |how| {
                    !matches!(how, Misbehave::RefuseRegistration | Misbehave::FailReport)
                });
                let register_again = match how {
                    Some(Misbehave::EndStream) => return,
                    Some(Misbehave::FailStream) => {
                        let _ = answers.send(Err(Status::unavailable("restarting"))).await;
                        return;
                    }
                    Some(Misbehave::Silence) => return std::future::pending().await,
                    Some(Misbehave::AskForRegistration) => true,
                    _ => false,
                };
                if answers
                    .send(Ok(HeartbeatResponse {
                        sequence,
                        register_again,
                    }))
                    .await
                    .is_err()
                {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn report_status(
        &self,
        request: Request<ReportStatusRequest>,
    ) -> Result<Response<ReportStatusResponse>, Status> {
        if next(&self.misbehaviour, |how| {
            matches!(how, Misbehave::FailReport)
        })
        .is_some()
        {
            return Err(Status::internal("disk full"));
        }
        let _ = self.events.send(Event::Reported(request.into_inner()));
        Ok(Response::new(ReportStatusResponse {}))
    }
}
