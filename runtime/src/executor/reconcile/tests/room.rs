//! Looks where something has no room.

use super::*;

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
