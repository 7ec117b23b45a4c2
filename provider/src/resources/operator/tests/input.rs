//! Arguments that are refused.

use super::*;

#[tokio::test]
async fn bad_arguments_are_underlined() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let cases = [
        (
            "image",
            json!("registry.example/operator"),
            "image",
            "neither tag nor digest",
        ),
        (
            "egress",
            json!({ "kubernetes_api": { "cidrs": ["10.0.0.0/40"] } }),
            "egress.kubernetes_api.cidrs[0]",
            "10.0.0.0/40",
        ),
        (
            "patches",
            json!([{ "target": { "kind": "Deployment", "name": "nobody" }, "merge": "{}" }]),
            "patches",
            "nobody",
        ),
        (
            "patches",
            json!([{ "target": { "kind": "Deployment", "name": "operator" }, "merge": "[]" }]),
            "patches[0].merge",
            "JSON object",
        ),
        ("cluster", json!({}), "cluster", "exactly one of"),
        (
            "components",
            json!({ "operator": { "replicas": 0 } }),
            "components.operator.replicas",
            "1 to 10",
        ),
        (
            "permissions",
            json!("all"),
            "permissions",
            "standard and low",
        ),
        ("roles", json!({ "admin": {} }), "roles.admin", "irsa"),
        (
            "control_plane",
            json!({ "endpoint": "http://cp.example" }),
            "control_plane.endpoint",
            "https://",
        ),
    ];
    for (argument, value, path, part) in cases {
        let diagnostics = operator.validate(with(argument, value)).await;
        let found = diagnostics.iter().find(|diagnostic| {
            diagnostic
                .path
                .as_ref()
                .is_some_and(|at| at.to_string() == path)
        });
        let text: Vec<_> = diagnostics
            .iter()
            .map(|diagnostic| format!("{:?} {diagnostic}", diagnostic.path))
            .collect();
        assert!(
            found.is_some_and(|found| format!("{} {}", found.summary, found.detail).contains(part)),
            "{argument}: {text:?}"
        );
    }
}
