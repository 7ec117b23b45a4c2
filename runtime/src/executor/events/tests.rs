//! Delivery against a control plane that misbehaves.

mod bad_events;

use std::{
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};

use dataplane_api::config::ControlPlane;
use dataplane_proto::flyteidl2::{
    common::{ActionIdentifier, ActionPhase, RunIdentifier},
    workflow::ClusterEvent,
};
use prometheus::Registry;
use proptest::prelude::*;
use tempfile::NamedTempFile;
use tonic::{Code, Status, transport::Identity};

use super::{
    fake_proxy::{FakeProxy, Ledger, Reply},
    *,
};
use crate::channel::{connect_to, fake_control_plane::certificates};

/// Far above what anything here takes: it is only met when delivery is broken.
const PATIENCE: Duration = Duration::from_secs(30);

fn event(action: &str, version: u32) -> ActionEvent {
    ActionEvent {
        id: Some(ActionIdentifier {
            run: Some(RunIdentifier {
                org: "acme".to_owned(),
                project: "p".to_owned(),
                domain: "d".to_owned(),
                name: "r".to_owned(),
            }),
            name: action.to_owned(),
        }),
        attempt: 1,
        phase: ActionPhase::Running.into(),
        version,
        ..ActionEvent::default()
    }
}

/// An event with details that a receiver may choke on.
fn detailed(action: &str, version: u32) -> ActionEvent {
    ActionEvent {
        cluster_events: vec![ClusterEvent::default()],
        ..event(action, version)
    }
}

fn metrics() -> EventMetrics {
    EventMetrics::new(&Registry::new()).unwrap()
}

fn in_memory(ledger: &Ledger) -> (Events, EventMetrics) {
    let metrics = metrics();
    (
        Events::deliver_to(
            ledger.clone(),
            metrics.clone(),
            None,
            CancellationToken::new(),
        ),
        metrics,
    )
}

/// What was taken of an action, by version.
fn versions(ledger: &Ledger, action: &str) -> Vec<u32> {
    ledger
        .taken()
        .iter()
        .filter(|event| event.id.as_ref().is_some_and(|id| id.name == action))
        .map(|event| event.version)
        .collect()
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap()
}

fn of(name: &'static str) -> impl Fn(&ActionEvent) -> bool {
    move |event| event.id.as_ref().is_some_and(|id| id.name == name)
}

/// A control plane behind a socket, and what is sent to it.
struct Socket {
    ledger: Ledger,
    proxy: Option<FakeProxy>,
    address: SocketAddr,
    certificate: (String, Identity),
    token: NamedTempFile,
    events: Events,
}

impl Socket {
    async fn open() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let ledger = Ledger::new(|_| Reply::Take);
        let certificate = certificates();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let proxy = FakeProxy::start(anywhere, certificate.1.clone(), ledger.clone()).await;
        let token = NamedTempFile::new().unwrap();
        fs::write(token.path(), "token-1").unwrap();
        let endpoint = connect_to(&ControlPlane {
            endpoint: format!("https://{}", proxy.address).parse().unwrap(),
            audience: None,
            ca_certificate: Some(certificate.0.parse().unwrap()),
        })
        .unwrap();
        let events = Events::start(
            endpoint.connect_lazy(),
            TokenFile::new(token.path().to_owned()),
            metrics(),
            Trust::until(Some(tokio::time::Instant::now() + Duration::from_hours(1))),
            CancellationToken::new(),
        );
        Self {
            ledger,
            address: proxy.address,
            proxy: Some(proxy),
            certificate,
            token,
            events,
        }
    }

    async fn back(&mut self) {
        let identity = self.certificate.1.clone();
        self.proxy = Some(FakeProxy::start(self.address, identity, self.ledger.clone()).await);
    }
}

#[tokio::test]
async fn a_thousand_senders_share_calls_and_keep_their_order() {
    let socket = Socket::open().await;
    let senders: Vec<_> = (0..1_000)
        .map(|sender| {
            let events = socket.events.clone();
            tokio::spawn(async move {
                for version in 0..3 {
                    let event = event(&format!("a{sender}"), version);
                    events.deliver(vec![event]).await.unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        in_time(sender).await.unwrap();
    }
    for sender in 0..1_000 {
        assert_eq!(versions(&socket.ledger, &format!("a{sender}")), [0, 1, 2]);
    }
    let calls = socket.ledger.calls();
    assert!(calls.len() < 600, "{} calls", calls.len());
    assert!(calls.iter().all(|call| call.len() <= CALL_EVENTS));
    assert!(!socket.ledger.overtaken());
    assert_eq!(socket.ledger.tokens(), ["Bearer token-1".to_owned()].into());
}

#[tokio::test]
async fn an_outage_is_noticed_once_and_its_end_without_asking() {
    let mut socket = Socket::open().await;
    let deliver = |version| {
        let events = socket.events.clone();
        async move { events.deliver(vec![event("a0", version)]).await }
    };
    in_time(deliver(0)).await.unwrap();
    let mut reachable = socket.events.reachable();
    assert!(*reachable.borrow_and_update());

    socket.proxy = None;
    // The connection that is open may outlive its server by one answer.
    in_time(async { while deliver(0).await.is_ok() {} }).await;
    in_time(reachable.changed()).await.unwrap();
    assert!(!*reachable.borrow_and_update());
    let begin = Instant::now();
    for _ in 0..1_000 {
        let refused = deliver(1).await;
        assert!(
            matches!(&refused, Err(Undelivered::Away { .. })),
            "{refused:?}"
        );
    }
    assert!(begin.elapsed() < Duration::from_secs(1), "nobody waits");
    assert_eq!(versions(&socket.ledger, "a0"), [0]);

    socket.back().await;
    in_time(reachable.wait_for(|reachable| *reachable))
        .await
        .unwrap();
    let events = vec![event("a0", 1), event("a0", 2)];
    in_time(socket.events.deliver(events)).await.unwrap();
    assert_eq!(versions(&socket.ledger, "a0"), [0, 1, 2]);
}

#[tokio::test]
async fn without_a_token_nothing_is_taken_and_that_is_said() {
    let socket = Socket::open().await;
    fs::remove_file(socket.token.path()).unwrap();
    let refused = in_time(socket.events.deliver(vec![event("a0", 0)])).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("reading the token"), "{text}");
    assert!(socket.ledger.taken().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_takes_long_holds_up_its_own_action_only() {
    let ledger = Ledger::new(|events| {
        if events.iter().any(of("slow")) {
            Reply::TakeLate(Duration::from_secs(20))
        } else {
            Reply::Take
        }
    });
    let (events, _) = in_memory(&ledger);
    let first = tokio::spawn({
        let events = events.clone();
        async move { events.deliver(vec![event("slow", 0)]).await }
    });
    while ledger.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    // Whoever asked for it is gone; its successor is not sent ahead.
    first.abort();
    let second = tokio::spawn({
        let events = events.clone();
        async move { events.deliver(vec![event("slow", 1)]).await }
    });
    let begin = tokio::time::Instant::now();
    for version in 0..10 {
        events.deliver(vec![event("fast", version)]).await.unwrap();
    }
    assert!(begin.elapsed() < Duration::from_secs(1));
    assert!(!second.is_finished());
    second.await.unwrap().unwrap();
    assert_eq!(versions(&ledger, "slow"), [0, 1]);
    assert!(!ledger.overtaken());
}

#[tokio::test(start_paused = true)]
async fn events_that_nobody_waits_for_any_more_are_not_sent() {
    let ledger = Ledger::new(|_| Reply::TakeLate(Duration::from_secs(1)));
    let (events, _) = in_memory(&ledger);
    let first = tokio::spawn({
        let events = events.clone();
        async move { events.deliver(vec![event("a0", 0)]).await }
    });
    while ledger.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let second = tokio::time::timeout(
        Duration::from_millis(10),
        events.deliver(vec![event("a0", 1)]),
    );
    assert!(second.await.is_err());
    first.await.unwrap().unwrap();
    events.deliver(vec![event("a1", 0)]).await.unwrap();
    assert_eq!(versions(&ledger, "a0"), [0]);
}

/// Many at once, after one that made a call busy, so that they are one batch.
async fn batch(events: &Events, batch: Vec<ActionEvent>) -> Vec<Result<(), Undelivered>> {
    let all = batch.into_iter().map(|event| {
        let events = events.clone();
        async move { events.deliver(vec![event]).await }
    });
    futures::future::join_all(all).await
}

#[tokio::test(start_paused = true)]
async fn a_poisonous_event_is_found_and_goes_without_its_details() {
    let ledger = Ledger::new(|events| {
        if events.iter().any(|event| !event.cluster_events.is_empty()) {
            Reply::Refuse(Status::invalid_argument("cluster_events[0] is wrong"))
        } else {
            Reply::Take
        }
    });
    let (events, metrics) = in_memory(&ledger);
    let mut all: Vec<_> = (0..100).map(|n| event(&format!("a{n}"), 0)).collect();
    all[37] = detailed("a37", 0);
    all[80] = detailed("a80", 0);
    for result in batch(&events, all).await {
        result.unwrap();
    }
    assert_eq!(ledger.taken().len(), 100);
    assert!(ledger.calls().len() < 40, "{} calls", ledger.calls().len());
    assert_eq!(metrics.given_up.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_given_up_only_where_others_are_taken() {
    let ledger = Ledger::new(|events| {
        if events.iter().any(of("a0")) {
            Reply::Refuse(Status::invalid_argument("the action is unknown"))
        } else {
            Reply::Take
        }
    });
    let (events, metrics) = in_memory(&ledger);
    let alone = events.deliver(vec![event("a0", 0)]).await;
    assert!(
        matches!(&alone, Err(Undelivered::NotTaken { .. })),
        "nothing says yet that it is the event's fault: {alone:?}"
    );
    events.deliver(vec![event("a1", 0)]).await.unwrap();
    events.deliver(vec![event("a0", 0)]).await.unwrap();
    assert_eq!(metrics.given_up.get(), 1);
    assert!(*events.reachable().borrow());
}

#[tokio::test(start_paused = true)]
async fn trouble_with_one_event_keeps_its_followers_and_nobody_else() {
    let ledger = Ledger::new(|events| {
        if events
            .iter()
            .any(|event| of("a5")(event) && event.version == 1)
        {
            Reply::Refuse(Status::internal("run service failed"))
        } else {
            Reply::Take
        }
    });
    let (events, metrics) = in_memory(&ledger);
    let followers = (0..4).map(|version| event("a5", version)).collect();
    let others: Vec<_> = (0..50)
        .filter(|n| *n != 5)
        .map(|n| event(&format!("a{n}"), 0))
        .collect();
    let (own, others) = tokio::join!(events.deliver(followers), batch(&events, others));
    assert!(
        matches!(&own, Err(Undelivered::NotTaken { why }) if why.contains("run service failed")),
        "{own:?}"
    );
    assert!(others.iter().all(Result::is_ok), "{others:?}");
    assert_eq!(versions(&ledger, "a5"), [0]);
    assert_eq!(metrics.given_up.get(), 0);
    assert!(*events.reachable().borrow());

    ledger.behave(|_| Reply::Take);
    let again = (0..4).map(|version| event("a5", version)).collect();
    events.deliver(again).await.unwrap();
    assert_eq!(versions(&ledger, "a5"), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_takes_nothing_is_not_asked_event_by_event() {
    let ledger = Ledger::new(|_| Reply::Refuse(Status::internal("no database")));
    let (events, _) = in_memory(&ledger);
    let all = (0..300).map(|n| event(&format!("a{n}"), 0)).collect();
    let results = batch(&events, all).await;
    assert!(results.iter().all(Result::is_err));
    assert!(ledger.calls().len() < 60, "{} calls", ledger.calls().len());
}

#[tokio::test(start_paused = true)]
async fn old_trouble_goes_without_its_details() {
    let ledger = Ledger::new(|events| {
        if events.iter().any(|event| !event.cluster_events.is_empty()) {
            Reply::Refuse(Status::internal("too long for a column"))
        } else {
            Reply::Take
        }
    });
    let (events, _) = in_memory(&ledger);
    let at = |age: Duration| Some((std::time::SystemTime::now() - age).into());
    let young = ActionEvent {
        reported_time: at(Duration::from_secs(1)),
        ..detailed("a0", 0)
    };
    let old = ActionEvent {
        reported_time: at(Duration::from_hours(1)),
        ..detailed("a1", 0)
    };
    events.deliver(vec![young]).await.unwrap_err();
    events.deliver(vec![old]).await.unwrap();
    assert_eq!(versions(&ledger, "a1"), [0]);
}

#[tokio::test(start_paused = true)]
async fn an_unwelcome_event_is_given_up_when_it_is_old_and_others_are_taken() {
    let ledger = Ledger::new(|events| {
        if events.iter().any(of("a0")) {
            Reply::Refuse(Status::not_found("no such run"))
        } else {
            Reply::Take
        }
    });
    let (events, metrics) = in_memory(&ledger);
    let aged = |age: Duration| ActionEvent {
        reported_time: Some((std::time::SystemTime::now() - age).into()),
        ..event("a0", 0)
    };
    let old = aged(Duration::from_hours(25));
    // Nothing says yet that it is the event's fault.
    events.deliver(vec![old.clone()]).await.unwrap_err();
    events.deliver(vec![event("a1", 0)]).await.unwrap();
    let young = aged(Duration::from_hours(23));
    events.deliver(vec![young]).await.unwrap_err();
    assert_eq!(metrics.given_up.get(), 0);
    events.deliver(vec![old.clone()]).await.unwrap();
    assert_eq!(metrics.given_up.get(), 1);
    // What was taken long ago proves nothing.
    tokio::time::advance(Duration::from_hours(1)).await;
    events.deliver(vec![old]).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn unwelcome_events_keep_nobody_elses() {
    let unwelcome = |event: &ActionEvent| event.version == 1;
    let ledger = Ledger::new(move |events| {
        if events.iter().any(unwelcome) {
            Reply::Refuse(Status::permission_denied("the run is over"))
        } else {
            Reply::Take
        }
    });
    let (events, _) = in_memory(&ledger);
    events.deliver(vec![event("first", 0)]).await.unwrap();
    let all = (0..40)
        .map(|n| event(&format!("a{n}"), u32::from(n < 20)))
        .collect();
    let results = batch(&events, all).await;
    assert!(results[..20].iter().all(Result::is_err));
    assert!(results[20..].iter().all(Result::is_ok), "{results:?}");
    assert!(*events.reachable().borrow());
}

#[tokio::test(start_paused = true)]
async fn who_says_too_many_is_not_asked_more_often() {
    let ledger = Ledger::new(|_| Reply::Refuse(Status::resource_exhausted("too many")));
    let (events, _) = in_memory(&ledger);
    let all = (0..300).map(|n| event(&format!("a{n}"), 0)).collect();
    let results = batch(&events, all).await;
    assert!(results.iter().all(Result::is_err));
    assert!(ledger.calls().len() < 12, "{} calls", ledger.calls().len());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_breaks_off_is_sent_again() {
    let mut calls = 0;
    let ledger = Ledger::new(move |_| {
        calls += 1;
        match calls {
            1 => Reply::Refuse(Status::unavailable("away")),
            2 => panic!("a defect"),
            _ => Reply::Take,
        }
    });
    let (events, _) = in_memory(&ledger);
    events.deliver(vec![event("a0", 0)]).await.unwrap_err();
    let mut reachable = events.reachable();
    in_time(reachable.wait_for(|reachable| *reachable))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_known_already_is_delivered() {
    let ledger = Ledger::new(|_| Reply::Refuse(Status::already_exists("known")));
    let (events, _) = in_memory(&ledger);
    events.deliver(vec![event("a0", 0)]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn more_than_one_call_takes_is_sent_in_order() {
    let ledger = Ledger::new(|_| Reply::Take);
    let (events, _) = in_memory(&ledger);
    let all = (0..1_000).map(|version| event("a0", version)).collect();
    events.deliver(all).await.unwrap();
    assert_eq!(versions(&ledger, "a0"), (0..1_000).collect::<Vec<_>>());
    assert!(ledger.calls().iter().all(|call| call.len() <= CALL_EVENTS));
    events.deliver(Vec::new()).await.unwrap();
    assert_eq!(ledger.calls().len(), 3);
}

#[test]
fn calls_are_bounded_in_bytes() {
    let large = |version| ActionEvent {
        cluster: "c".repeat(CALL_BYTES / 3),
        ..event("a0", version)
    };
    let parts = calls((0..7).map(large).collect());
    let sizes: Vec<usize> = parts.iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 2, 2, 1]);
}

/// A status of each kind that a control plane in trouble answers with.
fn trouble(kind: u8) -> Status {
    let code = [
        Code::Unavailable,
        Code::DeadlineExceeded,
        Code::Internal,
        Code::ResourceExhausted,
        Code::Unauthenticated,
        Code::Unknown,
    ];
    Status::new(code[usize::from(kind) % code.len()], "trouble")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Senders that repeat until they are told that all is delivered, and sometimes give up waiting in between, against a
    /// control plane that fails, is slow, and takes without saying so.
    #[test]
    fn nothing_is_lost_and_nothing_overtakes(
        script in proptest::collection::vec((0u8..12, any::<u8>()), 0..80),
        impatience in proptest::collection::vec(1u64..400, 6),
    ) {
        const SENDERS: usize = 6;
        const EACH: u32 = 8;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut script = script.into_iter();
            let ledger = Ledger::new(move |_| match script.next() {
                Some((0..=3, kind)) => Reply::Refuse(trouble(kind)),
                Some((4..=6, kind)) => Reply::TakeAndFail(trouble(kind)),
                Some((7..=9, late)) => Reply::TakeLate(Duration::from_millis(u64::from(late) * 3)),
                _ => Reply::Take,
            });
            let (events, metrics) = in_memory(&ledger);
            let senders: Vec<_> = impatience
                .into_iter()
                .enumerate()
                .map(|(sender, patience)| {
                    let events = events.clone();
                    tokio::spawn(async move {
                        let name = format!("a{sender}");
                        // As an action's list: what is pending is sent first, and all of it again until it is taken.
                        let mut pending = Vec::new();
                        for version in 0..EACH {
                            pending.push(event(&name, version));
                            // Some transitions happen while earlier ones are not told yet.
                            if version % 3 == 1 && version + 1 < EACH && sender % 2 == 0 {
                                continue;
                            }
                            let mut tries = 0;
                            loop {
                                let patience = Duration::from_millis(patience << tries.min(12));
                                let told = tokio::time::timeout(patience, events.deliver(pending.clone())).await;
                                if told == Ok(Ok(())) {
                                    break;
                                }
                                tries += 1;
                                assert!(tries < 500, "it is never delivered");
                                let pause = Duration::from_millis(100 << tries.min(8));
                                tokio::time::timeout(pause, std::future::pending::<()>())
                                    .await
                                    .unwrap_err();
                            }
                            pending.clear();
                        }
                    })
                })
                .collect();
            for sender in senders {
                sender.await.unwrap();
            }
            for sender in 0..SENDERS {
                assert_eq!(versions(&ledger, &format!("a{sender}")), (0..EACH).collect::<Vec<_>>());
            }
            assert!(!ledger.overtaken(), "two calls with events of the same action at a time");
            assert_eq!(metrics.given_up.get(), 0);
        });
    }
}

#[tokio::test]
async fn delivery_that_breaks_off_stops_the_process() {
    let stop = CancellationToken::new();
    watch_over(tokio::spawn(async {}), stop.clone()).await;
    assert!(!stop.is_cancelled(), "nobody has anything to tell any more");
    watch_over(tokio::spawn(async { panic!("a defect") }), stop.clone()).await;
    assert!(stop.is_cancelled());
}
