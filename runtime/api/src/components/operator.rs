//! `operator`: keeps the channel to the control plane: registration, heartbeat, status.

use std::borrow::Cow;

use super::{Component, ComponentName, DefaultResources, Peer, Rule, Scope, Workload};

/// It has no identity in the cloud: it only talks to Kubernetes and to the control plane.
pub(super) const OPERATOR: Component = Component {
    name: ComponentName("operator"),
    summary: "keeps the channel to the control plane: registration, heartbeat, status",
    profile: None,
    capabilities: &[],
    workload: Some(Workload {
        settings: |config| Some(Cow::Borrowed(&config.components.operator)),
        resources: DefaultResources {
            cpu_request: "50m",
            cpu_limit: "500m",
            memory: "128Mi",
        },
        rules: &[
            // The state that it reports is that of the components' Deployments.
            Rule {
                scope: Scope::Namespace,
                group: "apps",
                resources: &["deployments"],
                names: &[],
                verbs: &["get", "list", "watch"],
            },
            // The pod that holds it keeps the channel. The object is made by Terraform: none is made or deleted here.
            Rule {
                scope: Scope::Namespace,
                group: "coordination.k8s.io",
                resources: &["leases"],
                names: &["operator"],
                verbs: &["get", "update"],
            },
            // The uid of this namespace is the identity of the cluster.
            Rule {
                scope: Scope::Cluster { low: "kube-system" },
                group: "",
                resources: &["namespaces"],
                names: &["kube-system"],
                verbs: &["get"],
            },
        ],
        rules_of_settings: |_| &[],
        reaches: &[Peer::KubernetesApi, Peer::ControlPlane],
        one_leads: true,
    }),
};
