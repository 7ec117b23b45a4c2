//! Pods that want to lead, in time that only passes when all of them wait.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::{task::JoinHandle, time::sleep_until};

use super::{fake_api_server::FakeApiServer, *};

/// Who works now.
type Workers = Arc<Mutex<Vec<&'static str>>>;

struct Pod {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

fn pod(name: &'static str, server: &Arc<FakeApiServer>, workers: &Workers) -> Pod {
    let election = Election::new(server.leases(), "operator", name.to_owned());
    let stop = CancellationToken::new();
    let (stopped, workers) = (stop.clone(), Arc::clone(workers));
    let running = tokio::spawn(async move {
        election
            .lead(&stopped, |over| {
                let working = Working::begin(name, &workers);
                async move {
                    over.cancelled().await;
                    drop(working);
                }
            })
            .await;
    });
    Pod { stop, running }
}

/// Is among the workers until it is dropped, also when its pod is killed.
struct Working(&'static str, Workers);

impl Working {
    fn begin(name: &'static str, workers: &Workers) -> Self {
        let mut now = workers.lock().unwrap();
        now.push(name);
        assert_eq!(now.len(), 1, "two work at once: {now:?}");
        drop(now);
        Self(name, Arc::clone(workers))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.1.lock().unwrap().retain(|name| *name != self.0);
    }
}

fn workers() -> Workers {
    Workers::default()
}

fn now(workers: &Workers) -> Vec<&'static str> {
    workers.lock().unwrap().clone()
}

async fn after(seconds: u64) {
    sleep_until(Instant::now() + Duration::from_secs(seconds)).await;
}

/// How long until this is who works.
async fn until(workers: &Workers, who: &[&str]) -> Duration {
    let began = Instant::now();
    while now(workers) != who {
        assert!(
            began.elapsed() < Duration::from_mins(5),
            "{who:?} never: {:?}",
            now(workers)
        );
        sleep_until(Instant::now() + Duration::from_millis(50)).await;
    }
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn one_of_many_leads_and_goes_on() {
    let (server, workers) = (FakeApiServer::start(), workers());
    let _a = pod("a", &server, &workers);
    until(&workers, &["a"]).await;
    let _others = [pod("b", &server, &workers), pod("c", &server, &workers)];
    for _ in 0..60 {
        after(10).await;
        assert_eq!(now(&workers), ["a"]);
    }
    let lease = server.lease();
    assert_eq!(lease["spec"]["leaseTransitions"], 1);
    assert_eq!(
        lease["metadata"]["labels"],
        json!({ "team": "x" }),
        "what Terraform wrote stays"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_is_never_long_without_a_leader() {
    let (server, workers) = (FakeApiServer::start(), workers());
    let mut old = pod("pod-0", &server, &workers);
    until(&workers, &["pod-0"]).await;
    for name in ["pod-1", "pod-2", "pod-3"] {
        // The new pod is ready before the old one is asked to stop.
        let new = pod(name, &server, &workers);
        after(7).await;
        old.stop.cancel();
        let without = until(&workers, &[name]).await;
        assert!(without <= Duration::from_secs(3), "{name}: {without:?}");
        old.running.await.unwrap();
        old = new;
    }
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_a_killed_pod_is_taken_over() {
    let (server, workers) = (FakeApiServer::start(), workers());
    let killed = pod("killed", &server, &workers);
    until(&workers, &["killed"]).await;
    let _other = pod("other", &server, &workers);
    after(12).await;
    killed.running.abort();
    until(&workers, &[]).await;
    let without = until(&workers, &["other"]).await;
    assert!(
        without > TRUST && without <= DURATION + RETRY * 2,
        "{without:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_container_that_starts_again_leads_at_once() {
    let (server, workers) = (FakeApiServer::start(), workers());
    let crashed = pod("a", &server, &workers);
    until(&workers, &["a"]).await;
    crashed.running.abort();
    until(&workers, &[]).await;
    let _again = pod("a", &server, &workers);
    let without = until(&workers, &["a"]).await;
    assert!(without < Duration::from_secs(1), "{without:?}");
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_cannot_renew_stops_before_another_begins() {
    let (server, workers) = (FakeApiServer::start(), workers());
    let _a = pod("a", &server, &workers);
    until(&workers, &["a"]).await;
    server.set_down(true);
    // A short outage is nothing.
    after(10).await;
    server.set_down(false);
    after(10).await;
    assert_eq!(now(&workers), ["a"]);
    server.set_down(true);
    let trusted = until(&workers, &[]).await;
    assert!(trusted <= TRUST && trusted < DURATION, "{trusted:?}");
    after(300).await;
    assert_eq!(now(&workers), [""; 0]);
    server.set_down(false);
    until(&workers, &["a"]).await;
}

#[tokio::test(start_paused = true)]
async fn who_lost_the_lease_stops() {
    let (server, workers) = (FakeApiServer::start(), workers());
    let _a = pod("a", &server, &workers);
    until(&workers, &["a"]).await;
    server.edit(|lease| {
        lease["spec"]["holderIdentity"] = json!("stranger");
        lease["spec"]["renewTime"] = json!("2026-01-01T00:00:00.000000Z");
    });
    let lost = until(&workers, &[]).await;
    assert!(lost <= RENEWAL, "{lost:?}");
    // The stranger never renews: by this pod's own clock, whatever the time it wrote.
    let without = until(&workers, &["a"]).await;
    assert!(without > TRUST, "{without:?}");
}

/// Its work does not end, as in a pod that stands still.
#[tokio::test(start_paused = true)]
async fn one_that_does_not_renew_is_not_trusted_when_another_may_lead() {
    let server = FakeApiServer::start();
    let election = Election::new(server.leases(), "operator", "a".to_owned());
    let trust = election.trust();
    assert!(!trust.holds(), "it does not lead yet");
    let stop = CancellationToken::new();
    let leading = election.lead(&stop, |_| std::future::pending());
    let watching = async {
        after(60).await;
        assert!(trust.holds(), "it renews");
        server.set_down(true);
        after(23).await;
        assert!(trust.holds(), "no other leads yet");
        after(7).await;
        assert!(!trust.holds(), "another may lead");
    };
    tokio::select! {
        () = leading => panic!("its work ended"),
        () = watching => {}
    }
}

#[tokio::test(start_paused = true)]
async fn one_whose_lease_was_taken_is_not_trusted_while_its_work_ends() {
    let server = FakeApiServer::start();
    let election = Election::new(server.leases(), "operator", "a".to_owned());
    let (trust, stop) = (election.trust(), CancellationToken::new());
    let leading = election.lead(&stop, |_| std::future::pending());
    let watching = async {
        after(12).await;
        assert!(trust.holds());
        server.edit(|lease| lease["spec"]["holderIdentity"] = json!("stranger"));
        after(RENEWAL.as_secs() + 1).await;
        assert!(!trust.holds());
    };
    tokio::select! {
        () = leading => panic!("its work ended"),
        () = watching => {}
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_gave_its_lease_up_is_not_trusted() {
    let server = FakeApiServer::start();
    let election = Election::new(server.leases(), "operator", "a".to_owned());
    let (trust, stop) = (election.trust(), CancellationToken::new());
    let leading = election.lead(&stop, |over| async move { over.cancelled().await });
    let stopping = async {
        after(12).await;
        assert!(trust.holds());
        stop.cancel();
    };
    tokio::join!(leading, stopping);
    assert!(!trust.holds());
}
