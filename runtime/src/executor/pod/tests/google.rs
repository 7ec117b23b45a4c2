//! Pods of clusters outside Google Cloud, whose tasks use it.

use super::*;

const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// The pod of a task, as JSON, where tasks are known to Google by a provider of theirs.
fn built_elsewhere(template: &core::TaskTemplate) -> Value {
    let mut settings = example::settings(json!({}), "spec");
    settings.tasks_identity = serde_json::from_value(json!({ "google": {
        "provider": "projects/123456789012/locations/global/workloadIdentityPools/prod/providers/cluster",
    } }))
    .unwrap();
    let pod = build(
        &example::action(template, &settings),
        attempt(1),
        &settings,
        Given::default(),
    );
    serde_json::to_value(pod.unwrap()).unwrap()
}

/// What a container has under the name, of variables or of mounts.
fn named<'a>(container: &'a Value, list: &str, name: &str) -> Vec<&'a Value> {
    let entries = container[list].as_array().into_iter().flatten();
    entries.filter(|entry| entry["name"] == name).collect()
}

#[test]
fn a_task_is_told_where_its_credentials_are() {
    let spec = json!({
        "containers": [{ "name": "main", "image": "i" }, { "name": "side", "image": "i" }],
        "initContainers": [{ "name": "before", "image": "i" }],
    });
    let pod = built_elsewhere(&pod_template(spec));
    for container in ["/containers/0", "/containers/1", "/initContainers/0"] {
        let container = pod["spec"].pointer(container).unwrap();
        let told = named(container, "env", VARIABLE);
        assert_eq!(told.len(), 1, "{container}");
        assert_eq!(told[0]["value"], "/var/run/secrets/google/credentials.json");
        let mounts = named(container, "volumeMounts", "google-credentials");
        assert_eq!(mounts.len(), 1, "{container}");
    }
    let volumes = named(&pod["spec"], "volumes", "google-credentials");
    let sources = &volumes[0]["projected"]["sources"];
    let file = &sources[1]["configMap"];
    assert_eq!(file["name"], "google-credentials", "{sources}");
    assert_eq!(file["optional"], true, "a task without Google runs");
}

#[test]
fn a_task_with_credentials_of_google_keeps_them() {
    let own = json!({ "name": VARIABLE, "value": "/mine" });
    let spec = json!({ "containers": [{ "name": "main", "image": "i", "env": [own] }] });
    let pod = built_elsewhere(&pod_template(spec));
    let container = &pod["spec"]["containers"][0];
    assert_eq!(named(container, "env", VARIABLE), [&own]);
    assert!(named(container, "volumeMounts", "google-credentials").is_empty());

    let volume = json!({ "name": "google-credentials", "emptyDir": {} });
    let spec =
        json!({ "containers": [{ "name": "main", "image": "i" }], "volumes": [volume.clone()] });
    let pod = built_elsewhere(&pod_template(spec));
    let volumes = named(&pod["spec"], "volumes", "google-credentials");
    assert_eq!(volumes, [&volume]);
}
