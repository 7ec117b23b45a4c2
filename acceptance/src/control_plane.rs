//! A small control plane of `dataplane/v1` over TLS. It verifies the operator's projected token against the cluster's
//! published keys, records what it is told, and can be ended as an outage would.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use dataplane_proto::dataplane::v1::{
    HeartbeatRequest, HeartbeatResponse, RegisterRequest, RegisterResponse, ReportStatusRequest,
    ReportStatusResponse,
    cluster_service_server::{ClusterService, ClusterServiceServer},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_stream::{Stream, StreamExt as _, wrappers::TcpListenerStream};
use tonic::{
    Request, Response, Status, Streaming,
    metadata::MetadataMap,
    transport::{Identity, Server, ServerTlsConfig},
};

use crate::{
    cluster::Authority,
    issuer::{self, Issuer, Rejection},
};

/// A control plane; it keeps its address and its certificate while it is stopped and started.
pub struct ControlPlane {
    address: SocketAddr,
    authority: Authority,
    identity: Identity,
    recorded: Arc<Mutex<Recorded>>,
    issuer: Issuer,
    server: Mutex<Option<JoinHandle<()>>>,
}

/// What operators have told, over all starts.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// By registration id: the request, and the subject of the token it came with.
    pub registrations: BTreeMap<String, (RegisterRequest, String)>,
    pub heartbeats: Vec<HeartbeatRequest>,
    pub statuses: Vec<ReportStatusRequest>,
    /// Why calls were refused.
    pub refusals: Vec<String>,
}

struct Service {
    endpoint: String,
    issuer: Issuer,
    recorded: Arc<Mutex<Recorded>>,
}

impl ControlPlane {
    /// Starts on an address such as `127.0.0.1:0`, for the tokens of one issuer.
    pub fn start(address: &str, issuer: Issuer) -> Result<Self> {
        issuer::crypto();
        let authority = Authority::new("control plane")?;
        let listener = bind(address)?;
        let address = listener.local_addr()?;
        let server = authority.server(&["localhost", &address.ip().to_string()])?;
        let control_plane = Self {
            address,
            identity: Identity::from_pem(server.certificate, server.key),
            authority,
            recorded: Arc::default(),
            issuer,
            server: Mutex::new(None),
        };
        control_plane.serve(listener)?;
        Ok(control_plane)
    }

    /// `https://address:port`; tokens for it have this as their audience.
    pub fn endpoint(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The authority that signed its certificate, PEM.
    pub fn ca_certificate(&self) -> &str {
        self.authority.certificate()
    }

    pub fn recorded(&self) -> Recorded {
        lock(&self.recorded).clone()
    }

    /// Ends it with all its connections.
    pub fn stop(&self) {
        if let Some(server) = lock(&self.server).take() {
            server.abort();
        }
    }

    /// Starts it again on the same address; it knows no registration any more.
    pub fn restart(&self) -> Result<()> {
        self.stop();
        lock(&self.recorded).registrations.clear();
        let listener = crate::wait::until(
            "the port of the control plane",
            Duration::from_secs(10),
            || Ok(bind(&self.address.to_string()).ok()),
        )?;
        self.serve(listener)
    }

    fn serve(&self, listener: TcpListener) -> Result<()> {
        let service = Service {
            endpoint: self.endpoint(),
            issuer: self.issuer.clone(),
            recorded: Arc::clone(&self.recorded),
        };
        let tls = ServerTlsConfig::new().identity(self.identity.clone());
        let _runtime = issuer::runtime().enter();
        let router = Server::builder()
            .tls_config(tls)?
            .add_service(ClusterServiceServer::new(service));
        let server = issuer::runtime().spawn(async move {
            // It only ends when it is aborted, or with a connection that has been told to its client.
            let _ = router
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await;
        });
        *lock(&self.server) = Some(server);
        Ok(())
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.stop();
    }
}

fn bind(address: &str) -> Result<TcpListener> {
    issuer::runtime()
        .block_on(TcpListener::bind(address))
        .with_context(|| format!("binding {address}"))
}

impl Service {
    /// The subject of the call's token.
    async fn authenticate(&self, metadata: &MetadataMap) -> Result<String, Status> {
        let token = metadata
            .get("authorization")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        let verified = self.issuer.verify(token, Some(&self.endpoint)).await;
        verified
            .map(|claims| claims.subject().to_owned())
            .map_err(|rejection| {
                let why = match rejection {
                    Rejection::Expired => "the token has expired".to_owned(),
                    Rejection::Issuer(name) => format!("the token is not of {name}"),
                    Rejection::Audience => format!("the token is not for {}", self.endpoint),
                    Rejection::Invalid(why) => format!("the token is invalid: {why}"),
                };
                lock(&self.recorded).refusals.push(why.clone());
                Status::unauthenticated(why)
            })
    }
}

#[tonic::async_trait]
impl ClusterService for Service {
    async fn register(
        &self,
        request: Request<RegisterRequest>,
    ) -> Result<Response<RegisterResponse>, Status> {
        let subject = self.authenticate(request.metadata()).await?;
        let request = request.into_inner();
        let Some(cluster) = request.cluster.as_ref() else {
            return Err(Status::invalid_argument("no cluster"));
        };
        let registration_id = format!("{}/{}", cluster.organization, cluster.cluster_name);
        lock(&self.recorded)
            .registrations
            .insert(registration_id.clone(), (request, subject));
        Ok(Response::new(RegisterResponse {
            registration_id,
            heartbeat_interval: Some(prost_types::Duration {
                seconds: 1,
                nanos: 0,
            }),
        }))
    }

    type HeartbeatStream =
        Pin<Box<dyn Stream<Item = Result<HeartbeatResponse, Status>> + Send + 'static>>;

    async fn heartbeat(
        &self,
        request: Request<Streaming<HeartbeatRequest>>,
    ) -> Result<Response<Self::HeartbeatStream>, Status> {
        self.authenticate(request.metadata()).await?;
        let recorded = Arc::clone(&self.recorded);
        let answers = request.into_inner().map(move |beat| {
            let beat = beat?;
            let mut recorded = lock(&recorded);
            let answer = HeartbeatResponse {
                sequence: beat.sequence,
                register_again: !recorded.registrations.contains_key(&beat.registration_id),
            };
            recorded.heartbeats.push(beat);
            Ok(answer)
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn report_status(
        &self,
        request: Request<ReportStatusRequest>,
    ) -> Result<Response<ReportStatusResponse>, Status> {
        self.authenticate(request.metadata()).await?;
        lock(&self.recorded).statuses.push(request.into_inner());
        Ok(Response::new(ReportStatusResponse {}))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
