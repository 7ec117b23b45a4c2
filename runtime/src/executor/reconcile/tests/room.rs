//! Looks where something has no room.

use super::*;
use crate::executor::fake_api_server;

#[tokio::test]
async fn no_pod_is_made_while_what_waits_takes_too_much_memory() {
    let site = Site::of(&example::python(), json!({}), Store::default());
    site.begin(&progressing("Queued"));
    site.executor.metrics.pending_bytes.set(PENDING);
    assert_eq!(site.look(&site.key).await, [""; 0]);
    site.executor.metrics.pending_bytes.set(PENDING - 1);
    assert_eq!(site.look(&site.key).await[0], "POST pods");
}

#[tokio::test]
async fn an_action_that_is_over_goes_without_labels_that_have_no_room() {
    let site = Site::of(&example::python(), json!({}), Store::default());
    let mut status = progressing("Completed");
    status.conditions[0].type_ = "Succeeded".to_owned();
    site.begin(&status);
    let bytes = site.cluster.action.lock().unwrap().clone().unwrap();
    let most = u32::try_from(bytes.to_string().len()).unwrap();
    site.cluster.most.store(most, Ordering::SeqCst);
    let asked = site.look(&site.key).await;
    assert_eq!(asked, ["PATCH taskactions/r7-a0"; 2]);
    let left = site.cluster.action.lock().unwrap().clone().unwrap();
    assert_eq!(left["metadata"]["finalizers"], json!([]));
}

#[tokio::test]
async fn an_action_that_nothing_can_be_written_into_is_told_of() {
    let site = Site::of(&example::python(), json!({}), Store::default());
    site.cluster.action.lock().unwrap().as_mut().unwrap()["metadata"]["finalizers"] = json!([]);
    site.begin(&TaskActionStatus::default());
    let bytes = site.cluster.action.lock().unwrap().clone().unwrap();
    let most = u32::try_from(bytes.to_string().len()).unwrap();
    site.cluster.most.store(most, Ordering::SeqCst);
    let told = || {
        let transitions = &site.executor.metrics.transitions;
        transitions.with_label_values(&["InvalidSpec"]).get()
    };
    site.executor.sink.away.store(true, Ordering::SeqCst);
    assert!(matches!(
        site.executor.reconcile(&site.key).await,
        Done::Failed
    ));
    site.executor.sink.away.store(false, Ordering::SeqCst);
    let before = told();
    assert!(matches!(
        site.executor.reconcile(&site.key).await,
        Done::Rest
    ));
    assert_eq!(told(), before + 1);
}

#[tokio::test]
async fn a_condition_that_has_no_room_loses_its_messages_or_is_left_alone() {
    let site = Site::of(&example::python(), json!({}), Store::default());
    let mut status = progressing("Paused");
    let entry = PhaseTransition {
        phase: "Paused".to_owned(),
        occurred_at: Time(Timestamp::UNIX_EPOCH),
        message: "m".repeat(1000),
    };
    status.phase_history = vec![entry];
    status.signal_value = Some(k8s_openapi::ByteString(vec![1]));
    {
        let mut action = site.cluster.action.lock().unwrap();
        let action = action.as_mut().unwrap();
        action["spec"]["actionType"] = json!("condition");
        action["spec"]["conditionSpec"] = json!("");
        action["metadata"]["finalizers"] = json!([]);
    }
    let bytes = || {
        let action = site.cluster.action.lock().unwrap().clone().unwrap();
        u32::try_from(action.to_string().len()).unwrap()
    };
    let room = |bytes: u32| site.cluster.most.store(bytes, Ordering::SeqCst);

    site.begin(&status);
    room(bytes() - 900);
    let writes = "PATCH taskactions/r7-a0/status";
    assert_eq!(site.look(&site.key).await, [writes; 2]);
    assert!(matches!(
        site.executor.reconcile(&site.key).await,
        Done::Rest
    ));

    room(bytes() + 10);
    let labels = "PATCH taskactions/r7-a0";
    assert_eq!(site.look(&site.key).await, [writes, writes, labels]);
    let written = site.status();
    assert!(decide::is_terminal(&written));
    assert!(written.phase_history[0].message.is_empty());
}

/// Hundreds of looks at large actions, with an API server that does not answer: no more of them are there than have room.
#[tokio::test(start_paused = true)]
async fn looks_at_large_actions_have_room_together() {
    const LOOKS: usize = 512;
    const ROOM: usize = 96 << 20;
    let (client, asked) = fake_api_server::client(|_, _| fake_api_server::Answer::Nothing);
    let site = Site::of(&example::python(), json!({}), Store::default());
    let mut executor = site.executor;
    executor.kubernetes = Kubernetes::new(client, executor.metrics.calls.clone());
    let mut resource = example::resource(&example::python());
    resource.metadata.resource_version = Some("1".to_owned());
    resource.spec.env_vars = [("LARGE".to_owned(), "x".repeat(300 << 10))].into();
    let kept = KeptAction::of(&resource, &executor.settings);
    let weight = kept.weight;
    assert!(weight > 2 * (300 << 10), "{weight}");
    let keys: Vec<Key> = (0..LOOKS)
        .map(|number| Key::new("fraud-staging", &format!("r{number}-a0")))
        .collect();
    for key in &keys {
        executor.actions.seen(key, kept.clone());
    }
    let looks = futures::future::join_all(keys.iter().map(|key| executor.reconcile(key)));
    let counting = async {
        let second = tokio::time::Instant::now() + Duration::from_secs(1);
        tokio::time::sleep_until(second).await;
        asked.all().len()
    };
    let mut looks = std::pin::pin!(looks);
    let begun = tokio::select! {
        _ = &mut looks => panic!("nothing was answered"),
        begun = counting => begun,
    };
    let units = weight >> 10 << 10;
    assert!(
        begun * units <= ROOM && (begun + 1) * units > ROOM,
        "{begun} looks"
    );
    // Each in its turn.
    looks.await;
    assert_eq!(asked.all().len(), LOOKS);
}
