//! `executor`: runs tasks: reconciles TaskAction resources to pods.

use std::borrow::Cow;

use super::{Component, ComponentName, DefaultResources, Peer, Rule, Scope, Workload};
use crate::{
    config::CodeBundles,
    permissions::{Capability, Profile},
};

pub(super) const EXECUTOR: Component = Component {
    name: ComponentName("executor"),
    summary: "runs tasks: reconciles TaskAction resources to pods",
    profile: Some(Profile::Admin),
    capabilities: &[Capability::ReadObjects, Capability::WriteObjects],
    workload: Some(Workload {
        settings: |config| {
            let executor = config.components.executor.as_ref()?;
            Some(Cow::Owned(executor.component()))
        },
        resources: DefaultResources {
            cpu_request: "250m",
            cpu_limit: "2",
            memory: "512Mi",
        },
        rules: &[
            // Its own mark on an action, and the end of one that is old. The control plane makes them.
            Rule {
                scope: Scope::Tasks,
                group: "flyte.org",
                resources: &["taskactions"],
                names: &[],
                verbs: &["get", "list", "watch", "patch", "delete"],
            },
            Rule {
                scope: Scope::Tasks,
                group: "flyte.org",
                resources: &["taskactions/status"],
                names: &[],
                verbs: &["patch"],
            },
            // A pod is made, followed and deleted, and never changed. Its action may go before it does, so that no right to
            // finalizers is needed to name it as the owner.
            Rule {
                scope: Scope::Tasks,
                group: "",
                resources: &["pods"],
                names: &[],
                verbs: &["get", "list", "watch", "create", "delete"],
            },
            // The pod that holds it works. The object is made by Terraform: none is made or deleted here.
            Rule {
                scope: Scope::Namespace,
                group: "coordination.k8s.io",
                resources: &["leases"],
                names: &["executor"],
                verbs: &["get", "update"],
            },
        ],
        rules_of_settings: |config| match &config.components.executor {
            Some(executor) if executor.code_bundles == CodeBundles::Signed => SIGNED_CODE,
            _ => &[],
        },
        reaches: &[Peer::KubernetesApi, Peer::ControlPlane, Peer::ObjectStore],
        one_leads: true,
    }),
};

/// A signed URL goes to its pod in a Secret, which has a name of its own: it is made, and never read or changed.
const SIGNED_CODE: &[Rule] = &[Rule {
    scope: Scope::Tasks,
    group: "",
    resources: &["secrets"],
    names: &[],
    verbs: &["create"],
}];
