//! Operators that are taken in.

use super::*;

#[tokio::test]
async fn what_manifests_made_is_imported_without_a_difference() {
    let world = world().await;
    let patched = {
        let mut config = config();
        config["patches"] = json!([{ "target": { "kind": "Deployment", "name": "operator" }, "merge": "{\"spec\":{\"minReadySeconds\":5}}" }]);
        config["components"] = json!({ "operator": { "replicas": 2 } });
        config["tolerations"] = json!([{ "key": "dedicated" }]);
        config
    };
    let mut arguments = patched.clone();
    arguments.as_object_mut().unwrap().remove("cluster");
    let made = world
        .harness
        .data_source("dataplane_manifests")
        .read(arguments)
        .await;
    for document in made["documents"].as_array().unwrap() {
        let object: Json = framework_yaml(document.as_str().unwrap());
        world.cluster.put(object);
    }
    let operator = world.harness.resource(NAME);
    let state = operator
        .import(&format!("{}/union/dataplane", coordinates()))
        .await;
    let state = operator.read(&state).await.unwrap();
    assert_eq!(state["objects"], made["objects"]);
    let planned = operator.plan(&state, patched.clone()).await;
    assert_eq!(
        planned.action,
        Action::NoOp,
        "{} would become {}",
        state.values,
        planned.values
    );
    let changed = operator.update(&state, config()).await;
    operator.settled(&changed, config()).await;
    let live = world.cluster.find(&deployment()).unwrap();
    assert!(
        live.0.pointer("/spec/minReadySeconds").is_none(),
        "also what kubectl applied is ours to take away"
    );
}

#[tokio::test]
async fn an_import_says_what_is_missing() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let text = |diagnostics: Vec<framework::Diagnostic>| {
        diagnostics
            .iter()
            .map(ToString::to_string)
            .collect::<String>()
    };
    let error = text(operator.try_import("union/dataplane").await.unwrap_err());
    assert!(error.contains("<cluster>/<namespace>/<name>"), "{error}");
    let error = text(
        operator
            .try_import(&format!("{}/union/dataplane", coordinates()))
            .await
            .unwrap_err(),
    );
    assert!(
        error.contains("there is no operator union/dataplane"),
        "{error}"
    );
}

fn framework_yaml(document: &str) -> Json {
    serde_saphyr::from_str(document).unwrap()
}
