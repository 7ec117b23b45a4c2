//! The channel to the control plane: registration, heartbeat, status, over one outbound gRPC connection with TLS.
//!
//! It is kept up for as long as the process runs. Whatever ends it, the operator registers again after a pause that
//! grows and is jittered, so that a control plane that comes back is not met by all clusters at once. Nothing else in
//! the process waits for it.

mod connection;
#[cfg(test)]
pub mod fake_control_plane;
mod session;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use dataplane_proto::dataplane::v1::{ComponentStatus, RegisterRequest};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::transport::Endpoint;
use tracing::{info, warn};

pub use connection::{BadEndpointError, connect_to};
pub use token::TokenFile;

use crate::{
    backoff::{self, Backoff},
    metrics::Metrics,
    process::chain,
};
use session::Ended;

/// The components' states; none before they are known.
pub type States = Option<Vec<ComponentStatus>>;

/// What the channel is made of.
pub struct Channel {
    /// The control plane.
    pub endpoint: Endpoint,
    /// Proof of who this is.
    pub token: TokenFile,
    /// What the control plane is told of this data plane.
    pub registration: RegisterRequest,
    /// What is reported, whenever it changes.
    pub states: watch::Receiver<States>,
    pub metrics: Arc<Metrics>,
    pub stop: CancellationToken,
}

impl Channel {
    /// Keeps the channel up until it is asked to stop.
    pub async fn run(self, mut backoff: Backoff) {
        loop {
            let ended = tokio::select! {
                ended = self.session(&mut backoff) => ended,
                () = self.stop.cancelled() => return self.metrics.connected.set(0),
            };
            self.metrics.connected.set(0);
            self.metrics
                .disconnections
                .with_label_values(&[ended.label()])
                .inc();
            let pause = backoff.next();
            let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            match &ended {
                Ended::RegisterAgain => info!(pause_ms, "the control plane asks for registration"),
                other => warn!(error = chain(other), pause_ms, "{}", other.summary()),
            }
            if backoff::wait(pause, &self.stop).await.is_none() {
                return;
            }
        }
    }
}
