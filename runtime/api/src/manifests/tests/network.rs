//! Who may connect to what.

use super::*;

#[test]
fn a_namespace_denies_by_default() {
    for objects in [
        render(&example::config()).unwrap(),
        workspace(&example_workspace()).unwrap(),
    ] {
        let policy = objects
            .iter()
            .find(|object| object.name == "default-deny")
            .unwrap();
        assert_eq!(
            at(policy, "/spec"),
            &json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] })
        );
    }
}

#[test]
fn an_empty_list_of_addresses_allows_nothing() {
    let destination = json!([{ "cidrs": [] }]);
    let config = WorkspaceConfig {
        egress: Some(serde_json::from_value(destination).unwrap()),
        ..example_workspace()
    };
    let objects = workspace(&config).unwrap();
    let policy = objects
        .iter()
        .find(|object| object.name == "tasks-egress")
        .unwrap();
    assert_eq!(
        at(policy, "/spec"),
        &json!({ "podSelector": {}, "policyTypes": ["Egress"] })
    );
    let mut config = example::config();
    config.egress.control_plane = Some(serde_json::from_value(json!({ "cidrs": [] })).unwrap());
    assert_eq!(
        config.validate().unwrap_err().field,
        "egress.control_plane.cidrs"
    );
}

#[test]
fn named_addresses_and_ports_are_all_that_is_allowed() {
    let mut config = example::config();
    config.egress.kubernetes_api =
        Some(serde_json::from_value(json!({ "cidrs": ["10.0.0.1/32"], "ports": [8443] })).unwrap());
    let objects = render(&config).unwrap();
    let policy = objects
        .iter()
        .find(|object| object.name == "operator-to-kubernetes-api")
        .unwrap();
    assert_eq!(
        at(policy, "/spec/egress"),
        &json!([{ "to": [{ "ipBlock": { "cidr": "10.0.0.1/32" } }], "ports": [{ "protocol": "TCP", "port": 8443 }] }])
    );
}

#[test]
fn no_wide_range_reaches_what_is_the_nodes_alone() {
    let egress = |cidrs: Value| {
        let config = WorkspaceConfig {
            egress: Some(serde_json::from_value(json!([{ "cidrs": cidrs }])).unwrap()),
            ..example_workspace()
        };
        let objects = workspace(&config).unwrap();
        let policy = objects
            .iter()
            .find(|object| object.name == "tasks-egress")
            .unwrap();
        at(policy, "/spec/egress/0/to").clone()
    };
    assert_eq!(
        egress(json!(["0.0.0.0/0", "::/0", "168.0.0.0/8", "10.0.0.0/8"])),
        json!([
            { "ipBlock": { "cidr": "0.0.0.0/0", "except": ["168.63.129.16/32", "169.254.0.0/16"] } },
            { "ipBlock": { "cidr": "::/0", "except": ["fe80::/10", "fd00:ec2::/32", "fd20:ce::/32"] } },
            { "ipBlock": { "cidr": "168.0.0.0/8", "except": ["168.63.129.16/32"] } },
            { "ipBlock": { "cidr": "10.0.0.0/8" } },
        ])
    );
    assert_eq!(
        egress(json!(["168.63.129.16/32"])),
        json!([{ "ipBlock": { "cidr": "168.63.129.16/32" } }]),
        "named on its own it is meant"
    );
}

#[test]
fn the_servers_for_names_can_be_others() {
    let servers = json!([
        { "namespace": "openshift-dns", "pod_labels": { "dns.operator.openshift.io/daemonset-dns": "default" }, "ports": [5353] },
        { "cidrs": ["172.20.0.10/32", "169.254.20.10/32"] },
    ]);
    let rules = json!([
        {
            "to": [{
                "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "openshift-dns" } },
                "podSelector": { "matchLabels": { "dns.operator.openshift.io/daemonset-dns": "default" } },
            }],
            "ports": [{ "protocol": "UDP", "port": 5353 }, { "protocol": "TCP", "port": 5353 }],
        },
        {
            "to": [{ "ipBlock": { "cidr": "172.20.0.10/32" } }, { "ipBlock": { "cidr": "169.254.20.10/32" } }],
            "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }],
        },
    ]);
    let mut config = example::config();
    config.egress.dns = serde_json::from_value(servers.clone()).unwrap();
    config.validate().unwrap();
    let tasks = WorkspaceConfig {
        dns: serde_json::from_value(servers).unwrap(),
        ..example_workspace()
    };
    for objects in [render(&config).unwrap(), workspace(&tasks).unwrap()] {
        let policy = objects
            .iter()
            .find(|object| object.name == "allow-dns")
            .unwrap();
        assert_eq!(at(policy, "/spec/egress"), &rules);
    }
}

#[test]
fn a_server_for_names_is_pods_or_addresses() {
    for bad in [
        json!({}),
        json!({ "ports": [53] }),
        json!({ "pod_labels": { "a": "b" }, "cidrs": ["10.0.0.10/32"] }),
        json!({ "namespace": "kube-system", "cidrs": ["10.0.0.10/32"] }),
    ] {
        let mut config = example::config();
        let good = json!({ "namespace": "kube-system" });
        config.egress.dns = serde_json::from_value(json!([good, bad])).unwrap();
        assert_eq!(config.validate().unwrap_err().field, "egress.dns[1]");
        let tasks = WorkspaceConfig {
            dns: config.egress.dns,
            ..example_workspace()
        };
        assert_eq!(tasks.validate().unwrap_err().field, "dns[1]");
    }
}
