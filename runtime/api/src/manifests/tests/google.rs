//! Google Cloud from clusters that are not GKE's: what a pod needs to become somebody there, all of it rendered.

use super::{
    clouds::{PROVIDER, executor, google, google_from_elsewhere, reaches},
    *,
};

fn running() -> OperatorConfig {
    let mut config = google_from_elsewhere();
    config.components.executor = Some(crate::config::ExecutorSettings::default());
    config
}

fn named<'a>(objects: &'a [Object], kind: &str, name: &str) -> &'a Object {
    let mut found = objects
        .iter()
        .filter(|object| object.kind == kind && object.name == name);
    found.next().unwrap()
}

fn credentials(object: &Object) -> Value {
    let text = at(object, "/data/credentials.json").as_str().unwrap();
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_component_finds_its_token_and_how_to_exchange_it() {
    let objects = render(&running()).unwrap();
    let read = credentials(named(&objects, "ConfigMap", "google-credentials-admin"));
    assert_eq!(
        read,
        json!({
            "type": "external_account",
            "audience": format!("//iam.googleapis.com/{PROVIDER}"),
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": { "file": "/var/run/secrets/google/token" },
            "service_account_impersonation_url":
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/admin@acme-prod.iam.gserviceaccount.com:generateAccessToken",
        })
    );
    let deployment = named(&objects, "Deployment", "executor");
    let volumes = at(deployment, "/spec/template/spec/volumes").as_array();
    let volume = volumes.unwrap().last().unwrap();
    assert_eq!(
        *volume,
        json!({
            "name": "google-credentials",
            "projected": { "sources": [
                { "serviceAccountToken": {
                    "audience": format!("https://iam.googleapis.com/{PROVIDER}"), "expirationSeconds": 3600, "path": "token",
                } },
                { "configMap": {
                    "name": "google-credentials-admin", "items": [{ "key": "credentials.json", "path": "credentials.json" }],
                } },
            ] },
        })
    );
    let container = at(deployment, "/spec/template/spec/containers/0");
    let mount = json!({ "name": "google-credentials", "mountPath": "/var/run/secrets/google", "readOnly": true });
    assert!(
        container["volumeMounts"]
            .as_array()
            .unwrap()
            .contains(&mount)
    );
    let variable = json!({ "name": "GOOGLE_APPLICATION_CREDENTIALS", "value": "/var/run/secrets/google/credentials.json" });
    assert!(container["env"].as_array().unwrap().contains(&variable));
    let operator = named(&objects, "Deployment", "operator").body.to_string();
    assert!(!operator.contains("google"), "it has no role: {operator}");
}

#[test]
fn a_workspace_has_the_same_for_its_pods() {
    let config = WorkspaceConfig {
        role: running().roles.user,
        ..example_workspace()
    };
    let objects = workspace(&config).unwrap();
    let read = credentials(named(&objects, "ConfigMap", google_credentials::CONFIG_MAP));
    assert!(
        read.get("service_account_impersonation_url").is_none(),
        "the rights are the pods' own: {read}"
    );
    let mut pod = serde_json::from_value(json!({
        "containers": [{ "name": "task" }, { "name": "sidecar" }], "initContainers": [{ "name": "fetch" }],
    }))
    .unwrap();
    google_credentials::give(
        &mut pod,
        google_credentials::CONFIG_MAP,
        config.role.as_ref().unwrap(),
    );
    let pod = serde_json::to_value(pod).unwrap();
    let source = "/volumes/0/projected/sources/0/serviceAccountToken/audience";
    assert_eq!(pod.pointer(source), Some(&json!("dataplane")));
    for container in ["/containers/0", "/containers/1", "/initContainers/0"] {
        let container = pod.pointer(container).unwrap();
        assert_eq!(
            container["env"][0]["name"],
            "GOOGLE_APPLICATION_CREDENTIALS"
        );
        assert_eq!(container["volumeMounts"][0]["name"], "google-credentials");
    }
}

#[test]
fn others_are_given_nothing() {
    let mut config = google();
    config.components.executor = Some(crate::config::ExecutorSettings::default());
    let mut objects = render(&config).unwrap();
    let tasks = WorkspaceConfig {
        role: config.roles.user,
        ..example_workspace()
    };
    objects.extend(workspace(&tasks).unwrap());
    let text = snapshot(&objects);
    assert!(!text.contains("google-credentials"), "{text}");
}

#[test]
fn the_exchange_is_reached_where_egress_is_narrow() {
    let mut config = google_from_elsewhere();
    let open = executor(&config);
    assert!(reaches(&open, "142.250.0.1", 443));
    config.egress.object_store = Some(
        serde_json::from_value(json!({ "cidrs": ["199.36.153.8/30"], "ports": [8443] })).unwrap(),
    );
    config.egress.kubernetes_api =
        Some(serde_json::from_value(json!({ "cidrs": ["10.0.0.1/32"] })).unwrap());
    config.egress.control_plane = config.egress.kubernetes_api.clone();
    let narrow = executor(&config);
    assert!(reaches(&narrow, "199.36.153.9", 443));
    assert!(!reaches(&narrow, "142.250.0.1", 443));
}
