//! Looks at actions whose resources hold what nobody would write.

use super::*;
use crate::executor::{kept, resource::ActionResource};

const OUTPUTS: &str = "s3://acme-metadata/acme/fraud/staging/r6/a0/1/outputs.pb";

fn with(change: impl FnOnce(&mut Value)) -> Site {
    let site = Site::of(&example::python(), json!({}), Store::default());
    change(site.cluster.action.lock().unwrap().as_mut().unwrap());
    site
}

fn told(site: &Site, phase: &str) -> u64 {
    let transitions = &site.executor.metrics.transitions;
    transitions.with_label_values(&[phase]).get()
}

#[tokio::test]
async fn a_number_of_attempts_holds_up_no_look() {
    let began = Instant::now();
    let site = with(|action| {
        let from = json!({ "sourceRunName": "r6", "outputUri": OUTPUTS, "attempts": u32::MAX });
        action["spec"]["recoveredFrom"] = from;
    });
    site.executor.sink.away.store(true, Ordering::SeqCst);
    site.begin(&TaskActionStatus::default());
    site.sees_pod("r7-a0-0", UID, &running());
    for _ in 0..2 {
        site.look(&site.key).await;
    }
    assert_eq!(told(&site, "Recovered"), 1);
    assert_eq!(site.status().attempts, decide::MOST_ATTEMPTS.get());

    // Who may write the status can say any.
    let site = with(|_| {});
    let mut status = progressing("Executing");
    status.attempts = u32::MAX;
    site.begin(&status);
    site.sees_pod("r7-a0-41", UID, &running());
    site.sees_pod("r7-a0-42", "another", &running());
    let asked = site.look(&site.key).await;
    assert!(
        asked.contains(&"DELETE pods/r7-a0-41".to_owned()),
        "{asked:?}"
    );
    assert!(
        !asked.contains(&"DELETE pods/r7-a0-42".to_owned()),
        "{asked:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn what_cannot_be_read_ends_with_a_sentence() {
    for (field, value) in [
        ("taskTemplate", json!("CgB=")),
        (
            "recoveredFrom",
            json!({ "outputUri": OUTPUTS, "attempts": 5_000_000_000_u64 }),
        ),
        (
            "recoveredFrom",
            json!({ "outputUri": OUTPUTS.replace("fraud", "other") }),
        ),
    ] {
        let site = with(|action| action["spec"][field] = value.clone());
        site.begin(&TaskActionStatus::default());
        site.look(&site.key).await;
        let status = site.status();
        let error = status.error_state.unwrap();
        assert_eq!(error.code, "InvalidSpec");
        assert!(
            error.message.contains(&format!("spec.{field}")),
            "{error:?}"
        );
        assert_eq!(told(&site, "InvalidSpec"), 1, "{field}");
        let left = site.cluster.action.lock().unwrap().clone().unwrap();
        assert_eq!(left["metadata"]["finalizers"], json!([]), "{field}");
        assert_eq!(left["spec"][field], value, "nothing of it is changed");
        let kept = site.executor.actions.get(&site.key).unwrap();
        assert!(matches!(kept.body, kept::Body::Over), "{field}");
    }
}

/// The control plane would take it for the action of that project.
#[tokio::test]
async fn what_was_recovered_in_anothers_name_is_not_told() {
    let site = with(|action| {
        action["spec"]["recoveredFrom"] = json!({ "sourceRunName": "r6" });
        action["spec"]["project"] = json!("other");
    });
    site.begin(&TaskActionStatus::default());
    site.look(&site.key).await;
    let status = site.status();
    assert_eq!(status.error_state.unwrap().code, "InvalidSpec");
    for phase in ["Recovered", "InvalidSpec"] {
        assert_eq!(told(&site, phase), 0, "{phase}");
    }
}

#[tokio::test]
async fn a_condition_that_cannot_be_read_fails() {
    let site = with(|action| {
        action["spec"]["actionType"] = json!("condition");
        action["spec"]["conditionSpec"] = json!("CgB=");
    });
    site.begin(&TaskActionStatus::default());
    site.look(&site.key).await;
    let error = site.status().error_state.unwrap();
    assert_eq!(error.code, "InvalidSpec");
    assert!(error.message.contains("spec.conditionSpec"), "{error:?}");
}

/// It was readable when it began, and is read again when its pod is made.
#[tokio::test]
async fn what_became_unreadable_is_not_run() {
    let site = with(|_| {});
    site.begin(&progressing("Queued"));
    let mut changed = site.cluster.action.lock().unwrap().clone().unwrap();
    changed["spec"]["taskTemplate"] = json!("CgB=");
    changed["metadata"]["resourceVersion"] = json!("2");
    let resource: ActionResource = serde_json::from_value(changed.clone()).unwrap();
    *site.cluster.action.lock().unwrap() = Some(changed);
    let kept = KeptAction::read(&resource, &site.executor.settings);
    site.executor.actions.seen(&site.key, kept);
    let asked = site.look(&site.key).await;
    assert!(!asked.contains(&"POST pods".to_owned()), "{asked:?}");
    assert_eq!(site.status().error_state.unwrap().code, "InvalidSpec");
}
