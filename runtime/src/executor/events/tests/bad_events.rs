//! Events that the receiver does not take or does not get over, while it is well otherwise.

use super::*;
use crate::executor::transition::Phase;

fn aged(event: ActionEvent, age: Duration) -> ActionEvent {
    ActionEvent {
        reported_time: Some((std::time::SystemTime::now() - age).into()),
        ..event
    }
}

async fn wait(pause: Duration) {
    tokio::time::sleep_until(tokio::time::Instant::now() + pause).await;
}

fn end(action: &str, phase: Phase) -> ActionEvent {
    ActionEvent {
        phase: phase.wire().into(),
        ..event(action, 0)
    }
}

/// After which nothing comes that would say as much.
const ENDS: [Phase; 8] = [
    Phase::Succeeded,
    Phase::Recovered,
    Phase::RetryableFailure,
    Phase::PermanentFailure,
    Phase::TimedOut,
    Phase::Aborted,
    Phase::InvalidSpec,
    Phase::PluginNotFound,
];

#[tokio::test(start_paused = true)]
async fn an_end_is_not_given_up_as_long_as_it_may_be_taken() {
    let codes = [
        Code::PermissionDenied,
        Code::NotFound,
        Code::Internal,
        Code::InvalidArgument,
    ];
    for (code, phase) in codes
        .into_iter()
        .flat_map(|code| ENDS.map(|phase| (code, phase)))
    {
        let ledger = Ledger::new(move |events| {
            if events.iter().any(of("a0")) {
                Reply::Refuse(Status::new(code, "no"))
            } else {
                Reply::Take
            }
        });
        let (events, metrics) = in_memory(&ledger);
        events.deliver(vec![event("a1", 0)]).await.unwrap();
        let days = |days: u64| aged(end("a0", phase), Duration::from_hours(days * 24));
        events.deliver(vec![days(6)]).await.unwrap_err();
        assert_eq!(metrics.given_up.get(), 0, "{code:?} {phase:?}");
        events.deliver(vec![days(8)]).await.unwrap();
        assert_eq!(metrics.given_up.get(), 1, "{code:?} {phase:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_on_which_the_receiver_hangs_keeps_nobody_elses() {
    let ledger = Ledger::new(|events| {
        if events.iter().any(of("bad")) {
            Reply::Refuse(Status::deadline_exceeded("no answer"))
        } else {
            Reply::Take
        }
    });
    let (events, _) = in_memory(&ledger);
    events.deliver(vec![event("first", 0)]).await.unwrap();
    let mut all: Vec<_> = (0..50).map(|n| event(&format!("a{n}"), 0)).collect();
    all[20] = event("bad", 0);
    let results = batch(&events, all).await;
    let failed: Vec<_> = results.iter().filter(|result| result.is_err()).collect();
    assert!(
        matches!(failed.as_slice(), [Err(Undelivered::NotTaken { .. })]),
        "{failed:?}"
    );
    assert!(*events.reachable().borrow());
}

/// What is tried in an outage is the first of its action that was not taken, not one behind it.
#[tokio::test(start_paused = true)]
async fn an_outage_lets_no_event_overtake_another() {
    let mut refusals = 0;
    let ledger = Ledger::new(move |events| {
        if refusals == 8 {
            return Reply::Take;
        }
        refusals += 1;
        Reply::Refuse(if events.iter().any(of("a0")) {
            Status::internal("run service failed")
        } else {
            Status::unavailable("no upstream")
        })
    });
    let (events, _) = in_memory(&ledger);
    let pending = vec![event("a0", 1), event("a0", 2), event("a1", 0)];
    let told = events.deliver(pending.clone()).await;
    assert!(told.is_err(), "{told:?}");
    wait(Duration::from_mins(2)).await;
    assert!(!versions(&ledger, "a0").contains(&2), "it overtook");
    in_time(async { while events.deliver(pending.clone()).await.is_err() {} }).await;
    assert_eq!(versions(&ledger, "a0"), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_does_not_last_for_one_event() {
    let ledger = Ledger::new(|events| {
        if events.iter().any(of("bad")) {
            Reply::Refuse(Status::unavailable("the stream was reset"))
        } else {
            Reply::Take
        }
    });
    let (events, _) = in_memory(&ledger);
    // Nothing was taken yet that would say that it is the event's fault.
    let first = events.deliver(vec![event("bad", 0)]).await;
    assert!(matches!(first, Err(Undelivered::Away { .. })), "{first:?}");
    let others = async {
        while events.deliver(vec![event("a0", 0)]).await.is_err() {
            wait(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(3), others)
        .await
        .unwrap();
    assert!(*events.reachable().borrow());
    let again = events.deliver(vec![event("bad", 0)]).await;
    assert!(
        matches!(again, Err(Undelivered::NotTaken { .. })),
        "{again:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_known_for_how_long_nothing_is_taken() {
    let ledger = Ledger::new(|_| Reply::Refuse(Status::unavailable("away")));
    let (events, _) = in_memory(&ledger);
    assert_eq!(events.away_for(), None);
    events.deliver(vec![event("a0", 0)]).await.unwrap_err();
    wait(Duration::from_hours(1)).await;
    let away = events.away_for().unwrap();
    assert!(away >= Duration::from_hours(1), "{away:?}");
    ledger.behave(|_| Reply::Take);
    let mut reachable = events.reachable();
    in_time(reachable.wait_for(|reachable| *reachable))
        .await
        .unwrap();
    assert_eq!(events.away_for(), None);
}

/// The receiver answers to anything, and takes nothing of what 50 actions deliver each second: all are told once that it is away,
/// and it is asked seldom.
async fn is_away_all_the_time(answer: fn(&[ActionEvent]) -> Reply) {
    let ledger = Ledger::new(answer);
    let (events, _) = in_memory(&ledger);
    let all = || {
        (0..50)
            .map(|n| event(&format!("a{n}"), 0))
            .collect::<Vec<_>>()
    };
    batch(&events, all()).await;
    let mut reachable = events.reachable();
    assert!(!*reachable.borrow_and_update());
    let before = ledger.calls().len();
    for _ in 0..1800 {
        wait(Duration::from_secs(1)).await;
        for result in batch(&events, all()).await {
            result.unwrap_err();
        }
    }
    assert!(!reachable.has_changed().unwrap(), "who waits is told again");
    let asked = ledger.calls().len() - before;
    assert!(asked < 400, "{asked} calls in half an hour");
    let away = events.away_for().unwrap();
    assert!(away >= Duration::from_mins(30), "{away:?}");

    ledger.behave(|_| Reply::Take);
    let back = reachable.wait_for(|reachable| *reachable);
    tokio::time::timeout(Duration::from_mins(2), back)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(events.away_for(), None);
    for result in batch(&events, all()).await {
        result.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_nothing_says_not_that_anything_is_taken() {
    is_away_all_the_time(|events| {
        if events.is_empty() {
            Reply::Take
        } else {
            Reply::Refuse(Status::unavailable("no database"))
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_refuses_everything_is_away() {
    is_away_all_the_time(|_| Reply::Refuse(Status::internal("no database"))).await;
    is_away_all_the_time(|_| Reply::Refuse(Status::permission_denied("not you"))).await;
}

/// An outage began with an event that is never taken, and nobody else has anything to tell.
#[tokio::test(start_paused = true)]
async fn a_lonely_event_that_is_refused_is_given_up_after_an_outage() {
    let ledger = Ledger::new(|_| Reply::Take);
    let (events, metrics) = in_memory(&ledger);
    events.deliver(vec![event("a1", 0)]).await.unwrap();
    wait(Duration::from_mins(5)).await;
    ledger.behave(|_| Reply::Refuse(Status::unavailable("away")));
    let bad = || vec![event("a0", 0)];
    events.deliver(bad()).await.unwrap_err();
    ledger.behave(|_| Reply::Refuse(Status::invalid_argument("the action is unknown")));
    let given_up = async {
        while events.deliver(bad()).await.is_err() {
            wait(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(3), given_up)
        .await
        .unwrap();
    assert_eq!(metrics.given_up.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_not_told_when_another_may_lead() {
    let ledger = Ledger::new(|_| Reply::Take);
    let metrics = metrics();
    let stop = CancellationToken::new();
    let trust = Some(Trust::until(None));
    let events = Events::deliver_to(ledger.clone(), metrics, trust, stop);
    let told = events.deliver(vec![event("a0", 0)]).await;
    assert_eq!(told, Err(Undelivered::Fenced));
    assert_eq!(ledger.calls().len(), 0);
}
