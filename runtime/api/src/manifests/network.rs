//! Network policies: nothing in or out, then what each component needs, by name.

use k8s_openapi::{
    api::networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule,
        NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};

use super::{Object, Running, object, settings::ADMIN_PORT};
use crate::{OperatorConfig, components::Peer, config::Destination, labels, names::Namespace};

/// Cloud metadata services and node-local agents: what is allowed there is named on its own.
const LINK_LOCAL: &str = "169.254.0.0/16";
const LINK_LOCAL_V6: [&str; 2] = ["fe80::/10", "fd00:ec2::/32"];

/// For all pods of the namespace: nothing but DNS.
pub(super) fn shared(config: &OperatorConfig) -> [Object; 2] {
    [
        default_deny(object::meta(config, None, "default-deny")),
        allow_dns(object::meta(config, None, "allow-dns")),
    ]
}

pub(super) fn of_component(config: &OperatorConfig, component: &Running<'_>) -> Vec<Object> {
    let selector = LabelSelector {
        match_labels: Some(labels::selector(&config.name, component.name())),
        ..LabelSelector::default()
    };
    let meta = |purpose: &str| {
        object::meta(
            config,
            Some(component.name()),
            format!("{}-to-{purpose}", component.name()),
        )
    };
    let mut objects: Vec<Object> = component
        .workload
        .reaches
        .iter()
        .map(|peer| match peer {
            Peer::KubernetesApi => egress(
                meta("kubernetes-api"),
                selector.clone(),
                to(config.egress.kubernetes_api.as_ref(), &[443, 6443]),
            ),
            Peer::ControlPlane => {
                let port = config.control_plane.endpoint.port();
                egress(
                    meta("control-plane"),
                    selector.clone(),
                    to(config.egress.control_plane.as_ref(), &[port]),
                )
            }
        })
        .collect();
    objects.extend(config.monitoring_namespace.as_ref().map(|monitoring| {
        let name = format!("{}-from-monitoring", component.name());
        from_namespace(
            object::meta(config, Some(component.name()), name),
            selector,
            monitoring,
        )
    }));
    objects
}

pub(super) fn default_deny(metadata: ObjectMeta) -> Object {
    policy(
        metadata,
        LabelSelector::default(),
        &["Ingress", "Egress"],
        None,
        None,
    )
}

/// Port 53 of the cluster's DNS pods, and of the node-local cache, which listens on a link-local address.
pub(super) fn allow_dns(metadata: ObjectMeta) -> Object {
    let dns_pods = NetworkPolicyPeer {
        namespace_selector: Some(namespace_selector("kube-system")),
        pod_selector: Some(LabelSelector {
            match_labels: Some([("k8s-app".to_owned(), "kube-dns".to_owned())].into()),
            ..LabelSelector::default()
        }),
        ..NetworkPolicyPeer::default()
    };
    let rule = NetworkPolicyEgressRule {
        to: Some(vec![dns_pods, block("169.254.20.10/32", None)]),
        ports: Some(vec![port("UDP", 53), port("TCP", 53)]),
    };
    egress(metadata, LabelSelector::default(), [rule])
}

pub(super) fn egress(
    metadata: ObjectMeta,
    selector: LabelSelector,
    rules: impl IntoIterator<Item = NetworkPolicyEgressRule>,
) -> Object {
    // The API server drops an empty list: left out, it is read back as it was applied.
    let rules: Vec<NetworkPolicyEgressRule> = rules.into_iter().collect();
    policy(
        metadata,
        selector,
        &["Egress"],
        None,
        (!rules.is_empty()).then_some(rules),
    )
}

/// To the given addresses and ports; to any address outside the link-local range, on the usual ports, if nothing is said.
/// None when the list of addresses is empty: to Kubernetes an empty list of peers would mean all of them.
pub(super) fn to(
    destination: Option<&Destination>,
    usual: &[u16],
) -> Option<NetworkPolicyEgressRule> {
    if destination.is_some_and(|destination| destination.cidrs.is_empty()) {
        return None;
    }
    let own_ports = destination
        .map(|destination| destination.ports.as_slice())
        .unwrap_or_default();
    let ports: Vec<u16> = if own_ports.is_empty() {
        usual.to_vec()
    } else {
        own_ports.iter().map(|port| port.get()).collect()
    };
    let peers = match destination {
        Some(destination) => destination
            .cidrs
            .iter()
            .map(|cidr| block(&cidr.to_string(), None))
            .collect(),
        None => anywhere(),
    };
    Some(NetworkPolicyEgressRule {
        to: Some(peers),
        ports: (!ports.is_empty()).then(|| {
            ports
                .into_iter()
                .map(|number| port("TCP", number))
                .collect()
        }),
    })
}

/// Any address but those of instance metadata and node-local agents.
pub(super) fn anywhere() -> Vec<NetworkPolicyPeer> {
    vec![
        block("0.0.0.0/0", Some(&[LINK_LOCAL])),
        block("::/0", Some(&LINK_LOCAL_V6)),
    ]
}

/// To one address and TCP port.
pub(super) fn to_address(cidr: &str, number: u16) -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule {
        to: Some(vec![block(cidr, None)]),
        ports: Some(vec![port("TCP", number)]),
    }
}

fn from_namespace(metadata: ObjectMeta, selector: LabelSelector, namespace: &Namespace) -> Object {
    let peer = NetworkPolicyPeer {
        namespace_selector: Some(namespace_selector(namespace.as_str())),
        ..NetworkPolicyPeer::default()
    };
    let rule = NetworkPolicyIngressRule {
        from: Some(vec![peer]),
        ports: Some(vec![port("TCP", ADMIN_PORT)]),
    };
    policy(metadata, selector, &["Ingress"], Some(vec![rule]), None)
}

fn policy(
    metadata: ObjectMeta,
    pods: LabelSelector,
    types: &[&str],
    ingress: Option<Vec<NetworkPolicyIngressRule>>,
    egress: Option<Vec<NetworkPolicyEgressRule>>,
) -> Object {
    Object::of(&NetworkPolicy {
        metadata,
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(pods),
            policy_types: Some(types.iter().map(|text| (*text).to_owned()).collect()),
            ingress,
            egress,
        }),
    })
}

fn namespace_selector(name: &str) -> LabelSelector {
    LabelSelector {
        match_labels: Some([("kubernetes.io/metadata.name".to_owned(), name.to_owned())].into()),
        ..LabelSelector::default()
    }
}

fn block(cidr: &str, except: Option<&[&str]>) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: cidr.to_owned(),
            except: except.map(|ranges| ranges.iter().map(|range| (*range).to_owned()).collect()),
        }),
        ..NetworkPolicyPeer::default()
    }
}

fn port(protocol: &str, number: u16) -> NetworkPolicyPort {
    NetworkPolicyPort {
        protocol: Some(protocol.to_owned()),
        port: Some(IntOrString::Int(i32::from(number))),
        ..NetworkPolicyPort::default()
    }
}
