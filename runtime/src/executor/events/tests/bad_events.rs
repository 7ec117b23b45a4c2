//! Events that the receiver does not take or does not get over, while it is well otherwise.

use super::*;

fn aged(event: ActionEvent, age: Duration) -> ActionEvent {
    ActionEvent {
        reported_time: Some((std::time::SystemTime::now() - age).into()),
        ..event
    }
}

fn end(action: &str) -> ActionEvent {
    ActionEvent {
        phase: ActionPhase::Succeeded.into(),
        ..event(action, 0)
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_is_not_given_up_as_long_as_it_may_be_taken() {
    let codes = [
        Code::PermissionDenied,
        Code::NotFound,
        Code::Internal,
        Code::InvalidArgument,
    ];
    for code in codes {
        let ledger = Ledger::new(move |events| {
            if events.iter().any(of("a0")) {
                Reply::Refuse(Status::new(code, "no"))
            } else {
                Reply::Take
            }
        });
        let (events, metrics) = in_memory(&ledger);
        events.deliver(vec![event("a1", 0)]).await.unwrap();
        let days = |days: u64| aged(end("a0"), Duration::from_hours(days * 24));
        events.deliver(vec![days(6)]).await.unwrap_err();
        assert_eq!(metrics.given_up.get(), 0, "{code:?}");
        events.deliver(vec![days(8)]).await.unwrap();
        assert_eq!(metrics.given_up.get(), 1, "{code:?}");
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
    let mut reachable = events.reachable();
    let back = reachable.wait_for(|reachable| *reachable);
    tokio::time::timeout(Duration::from_mins(3), back)
        .await
        .unwrap()
        .unwrap();
    events.deliver(vec![event("a0", 0)]).await.unwrap();
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
    let hour = tokio::time::Instant::now() + Duration::from_hours(1);
    tokio::time::sleep_until(hour).await;
    let away = events.away_for().unwrap();
    assert!(away >= Duration::from_hours(1), "{away:?}");
    ledger.behave(|_| Reply::Take);
    let mut reachable = events.reachable();
    in_time(reachable.wait_for(|reachable| *reachable))
        .await
        .unwrap();
    assert_eq!(events.away_for(), None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_nothing_says_not_that_anything_is_taken() {
    let ledger = Ledger::new(|events| {
        if events.is_empty() {
            Reply::Take
        } else {
            Reply::Refuse(Status::unavailable("no database"))
        }
    });
    let (events, _) = in_memory(&ledger);
    events.deliver(vec![event("a0", 0)]).await.unwrap_err();
    for _ in 0..3 {
        let later = tokio::time::Instant::now() + Duration::from_mins(10);
        tokio::time::sleep_until(later).await;
        assert!(*events.reachable().borrow());
        events.deliver(vec![event("a0", 0)]).await.unwrap_err();
    }
    let away = events.away_for().unwrap();
    assert!(away >= Duration::from_mins(30), "{away:?}");
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
