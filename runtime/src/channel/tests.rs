//! The channel against a control plane that misbehaves.

use std::{fs, net::SocketAddr, time::Duration};

use dataplane_api::config::ControlPlane;
use dataplane_proto::dataplane::v1::{ClusterIdentity, Health};
use tempfile::NamedTempFile;
use tokio::task::JoinHandle;

use super::{
    fake_control_plane::{Event, FakeControlPlane, Misbehave, certificates},
    *,
};

/// Far above what anything here takes: it is only met when the channel is broken.
const PATIENCE: Duration = Duration::from_secs(30);

struct Operator {
    token: NamedTempFile,
    states: watch::Sender<States>,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

fn operator(address: SocketAddr, ca: &str) -> Operator {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let token = NamedTempFile::new().unwrap();
    fs::write(token.path(), "token-1").unwrap();
    let (states, receiver) = watch::channel(Some(vec![status("operator", Health::Ready)]));
    let metrics = Arc::new(Metrics::new().unwrap());
    let stop = CancellationToken::new();
    let channel = Channel {
        endpoint: connect_to(&ControlPlane {
            endpoint: format!("https://{address}").parse().unwrap(),
            audience: None,
            ca_certificate: Some(ca.parse().unwrap()),
        })
        .unwrap(),
        token: TokenFile::new(token.path().to_owned()),
        registration: RegisterRequest {
            cluster: Some(ClusterIdentity {
                organization: "acme".to_owned(),
                cluster_name: "acme-prod".to_owned(),
                cluster_uid: "uid".to_owned(),
            }),
            operator_version: "0.1.0".to_owned(),
            kubernetes_version: "v1.36.2".to_owned(),
            components: vec!["operator".to_owned()],
            labels: std::collections::BTreeMap::new(),
        },
        states: receiver,
        metrics: metrics.clone(),
        stop: stop.clone(),
    };
    let running = tokio::spawn(channel.run(Backoff::new(
        Duration::from_millis(5),
        Duration::from_millis(20),
    )));
    Operator {
        token,
        states,
        metrics,
        stop,
        running,
    }
}

fn status(name: &str, health: Health) -> ComponentStatus {
    ComponentStatus {
        name: name.to_owned(),
        health: health.into(),
        message: String::new(),
        since: None,
    }
}

/// The next event that `choose` wants; others are passed over.
async fn next<T>(
    control_plane: &mut FakeControlPlane,
    mut choose: impl FnMut(Event) -> Option<T>,
) -> T {
    tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(chosen) = choose(control_plane.events.recv().await.unwrap()) {
                return chosen;
            }
        }
    })
    .await
    .unwrap()
}

async fn registration(control_plane: &mut FakeControlPlane) -> (String, RegisterRequest) {
    next(control_plane, |event| match event {
        Event::Registered { token, request } => Some((token, request)),
        _ => None,
    })
    .await
}

async fn beat(control_plane: &mut FakeControlPlane) -> u64 {
    next(control_plane, |event| match event {
        Event::Beat(beat) => Some(beat.sequence),
        _ => None,
    })
    .await
}

async fn report(control_plane: &mut FakeControlPlane) -> Vec<(String, Health)> {
    next(control_plane, |event| match event {
        Event::Reported(report) => Some(
            report
                .components
                .iter()
                .map(|status| (status.name.clone(), status.health()))
                .collect(),
        ),
        _ => None,
    })
    .await
}

fn disconnections(operator: &Operator, reason: &str) -> u64 {
    operator
        .metrics
        .disconnections
        .with_label_values(&[reason])
        .get()
}

#[tokio::test]
async fn registers_beats_and_reports() {
    let mut control_plane = FakeControlPlane::start([]).await;
    let ca = control_plane.ca.clone();
    let operator = operator(control_plane.address, &ca);
    let (token, request) = registration(&mut control_plane).await;
    assert_eq!(token, "Bearer token-1");
    assert_eq!(request.cluster.unwrap().cluster_uid, "uid");
    assert_eq!(
        report(&mut control_plane).await,
        [("operator".to_owned(), Health::Ready)]
    );
    let first = beat(&mut control_plane).await;
    assert_eq!(beat(&mut control_plane).await, first + 1);
    operator
        .states
        .send_replace(Some(vec![status("operator", Health::Degraded)]));
    assert_eq!(
        report(&mut control_plane).await,
        [("operator".to_owned(), Health::Degraded)]
    );
    assert_eq!(operator.metrics.connected.get(), 1);
    assert!(operator.metrics.heartbeats.get() >= 1);
    operator.stop.cancel();
    tokio::time::timeout(PATIENCE, operator.running)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(operator.metrics.connected.get(), 0);
}

#[tokio::test]
async fn connects_again_whatever_ends_a_session() {
    for (how, reason) in [
        (Misbehave::EndStream, "closed"),
        (Misbehave::FailStream, "heartbeat"),
        (Misbehave::Silence, "silent"),
        (Misbehave::AskForRegistration, "register_again"),
        (Misbehave::RefuseRegistration, "register"),
        (Misbehave::FailReport, "report"),
    ] {
        let mut control_plane = FakeControlPlane::start([how]).await;
        let ca = control_plane.ca.clone();
        let operator = operator(control_plane.address, &ca);
        let recovered = tokio::time::timeout(PATIENCE, async {
            while disconnections(&operator, reason) == 0 || operator.metrics.connected.get() == 0 {
                beat(&mut control_plane).await;
            }
        });
        assert!(recovered.await.is_ok(), "{how:?}");
        operator.stop.cancel();
        operator.running.await.unwrap();
    }
}

#[tokio::test]
async fn each_session_counts_its_heartbeats_from_one() {
    let mut control_plane = FakeControlPlane::start([]).await;
    let ca = control_plane.ca.clone();
    let _operator = operator(control_plane.address, &ca);
    assert_eq!(beat(&mut control_plane).await, 1);
    control_plane.misbehave(Misbehave::EndStream);
    registration(&mut control_plane).await;
    assert_eq!(beat(&mut control_plane).await, 1);
}

#[tokio::test]
async fn a_rotated_token_is_used_at_once() {
    let mut control_plane = FakeControlPlane::start([]).await;
    let ca = control_plane.ca.clone();
    let operator = operator(control_plane.address, &ca);
    assert_eq!(registration(&mut control_plane).await.0, "Bearer token-1");
    fs::write(operator.token.path(), "token-2\n").unwrap();
    control_plane.misbehave(Misbehave::AskForRegistration);
    assert_eq!(registration(&mut control_plane).await.0, "Bearer token-2");
}

#[tokio::test]
async fn another_authoritys_certificate_is_refused() {
    let mut control_plane = FakeControlPlane::start([]).await;
    let (other_ca, _) = certificates();
    let operator = operator(control_plane.address, &other_ca);
    tokio::time::timeout(PATIENCE, async {
        while disconnections(&operator, "connect") < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert!(
        control_plane.events.try_recv().is_err(),
        "nothing may be sent to a stranger"
    );
    operator.stop.cancel();
    operator.running.await.unwrap();
}

#[tokio::test]
async fn a_control_plane_that_is_down_is_tried_until_it_is_up() {
    // A port that nobody listens on until the control plane is started there.
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let (ca, identity) = certificates();
    let operator = operator(address, &ca);
    tokio::time::timeout(PATIENCE, async {
        while disconnections(&operator, "connect") < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert_eq!(operator.metrics.connected.get(), 0);
    let mut control_plane = FakeControlPlane::start_at(address, (ca, identity), []).await;
    registration(&mut control_plane).await;
    beat(&mut control_plane).await;
}
