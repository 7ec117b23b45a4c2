//! One session: connect, register, then heartbeats and status reports until something ends it.

use std::{
    pin::pin,
    time::{Duration, SystemTime},
};

use dataplane_proto::dataplane::v1::{
    HeartbeatRequest, HeartbeatResponse, RegisterResponse, ReportStatusRequest,
    cluster_service_client::ClusterServiceClient,
};
use tokio::{sync::mpsc, time::MissedTickBehavior};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming, service::interceptor::InterceptedService, transport};
use tracing::info;

use super::{Channel, States, TokenFile};
use crate::{backoff::Backoff, process::chain};

/// How long one call may take.
const CALL: Duration = Duration::from_secs(30);
/// What a control plane may ask for, and what holds when it asks for nothing.
const INTERVAL_LEAST: Duration = Duration::from_millis(100);
const INTERVAL_MOST: Duration = Duration::from_mins(5);
const INTERVAL: Duration = Duration::from_secs(30);
const REGISTERING: &str = "registering";
/// So many intervals without an answer, and the session is over.
const MISSED: u32 = 3;

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    #[error("connecting to {endpoint}")]
    Connect {
        endpoint: String,
        source: transport::Error,
    },
    #[error("registering: {}", explain(.0))]
    Register(Status),
    #[error("opening the stream of heartbeats: {}", explain(.0))]
    OpenHeartbeat(Status),
    #[error("sending heartbeats: {}", explain(.0))]
    Heartbeat(Status),
    #[error("reporting status: {}", explain(.0))]
    Report(Status),
    #[error("{0} took more than {seconds} seconds", seconds = CALL.as_secs())]
    Slow(&'static str),
    #[error("no heartbeat was answered for {} seconds", .0.as_secs_f32())]
    Silent(Duration),
    #[error("the control plane ended the stream of heartbeats")]
    Closed,
    #[error("the control plane asks for registration")]
    RegisterAgain,
}

impl Ended {
    /// For metrics: one word from a closed set.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connect",
            Self::Register(_) => "register",
            Self::OpenHeartbeat(_) | Self::Heartbeat(_) => "heartbeat",
            Self::Report(_) => "report",
            Self::Slow(_) => "slow",
            Self::Silent(_) => "silent",
            Self::Closed => "closed",
            Self::RegisterAgain => "register_again",
        }
    }

    /// What happened, for the log: a channel that never was there is not lost.
    pub fn summary(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "the control plane was not reached, will try again",
            Self::Register(_) | Self::Slow(REGISTERING) => {
                "not registered with the control plane, will try again"
            }
            _ => "lost the control plane, will connect again",
        }
    }
}

fn explain(status: &Status) -> String {
    let what_to_do = match status.code() {
        Code::Unauthenticated => {
            "; check control_plane.audience and that the control plane knows this cluster's issuer"
        }
        Code::PermissionDenied => "; check organization and cluster_name",
        _ => "",
    };
    let cause = std::error::Error::source(status)
        .map(|source| format!(": {}", chain(source)))
        .unwrap_or_default();
    format!(
        "{} ({:?}){cause}{what_to_do}",
        status.message(),
        status.code()
    )
}

type Client = ClusterServiceClient<InterceptedService<transport::Channel, TokenFile>>;

impl Channel {
    pub(super) async fn session(&self, backoff: &mut Backoff) -> Ended {
        match self.connected(backoff).await {
            Ok(never) => match never {},
            Err(ended) => ended,
        }
    }

    async fn connected(&self, backoff: &mut Backoff) -> Result<std::convert::Infallible, Ended> {
        let connection = self
            .endpoint
            .connect()
            .await
            .map_err(|source| Ended::Connect {
                endpoint: self.endpoint.uri().to_string(),
                source,
            })?;
        let mut client = ClusterServiceClient::with_interceptor(connection, self.token.clone());
        let RegisterResponse {
            registration_id,
            heartbeat_interval,
        } = in_time(REGISTERING, client.register(self.registration.clone()))
            .await?
            .map_err(Ended::Register)?
            .into_inner();
        let interval = interval(heartbeat_interval);
        info!(
            registration = registration_id,
            heartbeat_seconds = interval.as_secs_f32(),
            "registered"
        );
        self.metrics.registrations.inc();
        self.metrics.answered();

        // The stream holds one heartbeat at most: an old one says nothing that the next does not.
        let (beats, stream) = mpsc::channel(1);
        let answers = in_time(
            "opening the stream of heartbeats",
            client.heartbeat(ReceiverStream::new(stream)),
        )
        .await?
        .map_err(Ended::OpenHeartbeat)?
        .into_inner();
        self.metrics.connected.set(1);
        let beating = pin!(self.beat(&registration_id, interval, &beats));
        let listening = pin!(self.listen(interval, answers, backoff));
        let reporting = pin!(self.report(&registration_id, client.clone()));
        tokio::select! {
            ended = beating => ended,
            ended = listening => ended,
            ended = reporting => ended,
        }
    }

    async fn beat(
        &self,
        registration_id: &str,
        interval: Duration,
        beats: &mpsc::Sender<HeartbeatRequest>,
    ) -> Result<std::convert::Infallible, Ended> {
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for sequence in 1.. {
            ticks.tick().await;
            let beat = HeartbeatRequest {
                registration_id: registration_id.to_owned(),
                sequence,
                sent_at: Some(SystemTime::now().into()),
            };
            beats.send(beat).await.map_err(|_| Ended::Closed)?;
        }
        Err(Ended::Closed)
    }

    async fn listen(
        &self,
        interval: Duration,
        mut answers: Streaming<HeartbeatResponse>,
        backoff: &mut Backoff,
    ) -> Result<std::convert::Infallible, Ended> {
        let patience = interval * MISSED;
        loop {
            let answer = tokio::time::timeout(patience, answers.message())
                .await
                .map_err(|_| Ended::Silent(patience))?;
            let HeartbeatResponse {
                sequence: _,
                register_again,
            } = answer.map_err(Ended::Heartbeat)?.ok_or(Ended::Closed)?;
            self.metrics.heartbeats.inc();
            self.metrics.answered();
            if register_again {
                return Err(Ended::RegisterAgain);
            }
            // Only now: a control plane that registers and then fails must not be asked again without pause.
            backoff.reset();
        }
    }

    /// Reports what is known now, and every change.
    async fn report(
        &self,
        registration_id: &str,
        mut client: Client,
    ) -> Result<std::convert::Infallible, Ended> {
        let mut states = self.states.clone();
        states.mark_changed();
        loop {
            if states.changed().await.is_err() {
                // The process is stopping: nothing changes any more, and the heartbeats end with it.
                std::future::pending::<()>().await;
            }
            let known: States = states.borrow_and_update().clone();
            let Some(components) = known else { continue };
            let report = ReportStatusRequest {
                registration_id: registration_id.to_owned(),
                components,
                observed_at: Some(SystemTime::now().into()),
            };
            in_time("reporting status", client.report_status(report))
                .await?
                .map_err(Ended::Report)?;
            self.metrics.status_reports.inc();
            self.metrics.answered();
        }
    }
}

async fn in_time<T>(what: &'static str, call: impl Future<Output = T>) -> Result<T, Ended> {
    tokio::time::timeout(CALL, call)
        .await
        .map_err(|_| Ended::Slow(what))
}

fn interval(asked: Option<prost_types::Duration>) -> Duration {
    asked
        .and_then(|asked| Duration::try_from(asked).ok())
        .filter(|asked| !asked.is_zero())
        .map_or(INTERVAL, |asked| asked.clamp(INTERVAL_LEAST, INTERVAL_MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_plane_can_not_ask_for_nonsense() {
        let of = |seconds, nanos| interval(Some(prost_types::Duration { seconds, nanos }));
        assert_eq!(interval(None), INTERVAL);
        assert_eq!(of(0, 0), INTERVAL);
        assert_eq!(of(-5, 0), INTERVAL);
        assert_eq!(of(0, 1), INTERVAL_LEAST);
        assert_eq!(of(10, 0), Duration::from_secs(10));
        assert_eq!(of(1_000_000, 0), INTERVAL_MOST);
    }

    #[tokio::test]
    async fn what_was_never_there_is_not_lost() {
        let nobody = transport::Endpoint::from_static("http://127.0.0.1:1");
        let source = nobody.connect().await.unwrap_err();
        let endpoint = nobody.uri().to_string();
        let unreached = Ended::Connect { endpoint, source };
        assert!(unreached.summary().contains("not reached"));
        let refused = Ended::Register(Status::unauthenticated("unknown issuer"));
        for unregistered in [refused, Ended::Slow(REGISTERING)] {
            assert!(unregistered.summary().contains("not registered"));
        }
        assert!(Ended::Closed.summary().contains("lost"));
    }

    #[test]
    fn a_refusal_says_what_to_check() {
        let text = Ended::Register(Status::unauthenticated("unknown issuer")).to_string();
        assert!(
            text.contains("unknown issuer") && text.contains("audience"),
            "{text}"
        );
    }
}
