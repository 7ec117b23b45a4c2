//! Network policies: nothing in or out, then what each component needs, by name.

use std::collections::BTreeMap;

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

use super::{Object, Running, node_local, object, settings::ADMIN_PORT};
use crate::{
    OperatorConfig,
    cidr::Cidr,
    components::Peer,
    config::{Destination, DnsPeer, Port, StoreEndpoint},
    identity::{Cloud, Identity},
    labels,
    names::Namespace,
};

/// Cloud metadata services, node-local agents, and Azure's wire server, which hands out what virtual machines are set up
/// with: no wider range includes them, and what is allowed there is named on its own.
const NODE_ONLY: [&str; 5] = [
    "168.63.129.16/32",
    "169.254.0.0/16",
    "fe80::/10",
    "fd00:ec2::/32",
    "fd20:ce::/32",
];

/// For all pods of the namespace: nothing but DNS.
pub(super) fn shared(config: &OperatorConfig) -> [Object; 2] {
    [
        default_deny(object::meta(config, None, "default-deny")),
        allow_dns(
            object::meta(config, None, "allow-dns"),
            &config.egress.dns,
            Some(config.storage.metadata.cloud()),
        ),
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
            Peer::ObjectStore => {
                let port = config
                    .storage
                    .endpoint
                    .as_ref()
                    .map_or(443, StoreEndpoint::port);
                egress(
                    meta("object-store"),
                    selector.clone(),
                    to(config.egress.object_store.as_ref(), &[port]),
                )
            }
        })
        .collect();
    objects.extend(
        component
            .identity(config)
            .and_then(|identity| {
                let googles = matches!(identity, Identity::Google { .. });
                let googles = googles.then(|| to_googles_tokens(config).into_iter().collect());
                node_local::identity_rules(identity).or(googles)
            })
            .map(|rules| egress(meta("identity"), selector.clone(), rules)),
    );
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

/// Where Google exchanges tokens: at the addresses of its other services, of which the buckets' are told.
fn to_googles_tokens(config: &OperatorConfig) -> Option<NetworkPolicyEgressRule> {
    let store = config.egress.object_store.as_ref();
    let addresses = store.map(|store| Destination {
        cidrs: store.cidrs.clone(),
        ports: Vec::new(),
    });
    to(addresses.as_ref(), &[443])
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

/// The DNS servers that are named; else port 53 of those that are usual in the cloud.
pub(super) fn allow_dns(metadata: ObjectMeta, servers: &[DnsPeer], cloud: Option<Cloud>) -> Object {
    let rules = if servers.is_empty() {
        vec![NetworkPolicyEgressRule {
            to: Some(node_local::dns_peers(cloud)),
            ports: Some(dns_ports(&[])),
        }]
    } else {
        servers.iter().map(dns_rule).collect()
    };
    egress(metadata, LabelSelector::default(), rules)
}

fn dns_rule(server: &DnsPeer) -> NetworkPolicyEgressRule {
    let DnsPeer {
        namespace,
        pod_labels,
        cidrs,
        ports,
    } = server;
    let servers = match namespace {
        Some(namespace) => vec![pods(namespace.as_str(), labels::as_text(pod_labels))],
        None => cidrs.iter().copied().map(range).collect(),
    };
    NetworkPolicyEgressRule {
        to: Some(servers),
        ports: Some(dns_ports(ports)),
    }
}

fn dns_ports(ports: &[Port]) -> Vec<NetworkPolicyPort> {
    let numbers = match ports {
        [] => vec![53],
        ports => ports.iter().map(|port| port.get()).collect(),
    };
    numbers
        .into_iter()
        .flat_map(|number| [port("UDP", number), port("TCP", number)])
        .collect()
}

pub(super) fn pods(namespace: &str, labels: BTreeMap<String, String>) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(namespace_selector(namespace)),
        pod_selector: (!labels.is_empty()).then(|| LabelSelector {
            match_labels: Some(labels),
            ..LabelSelector::default()
        }),
        ..NetworkPolicyPeer::default()
    }
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

/// To the given addresses and ports; to any address but those of the node alone, on the usual ports, if nothing is said.
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
        Some(destination) => destination.cidrs.iter().copied().map(range).collect(),
        None => ["0.0.0.0/0", "::/0"]
            .iter()
            .filter_map(|all| all.parse().ok())
            .map(range)
            .collect(),
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

/// A range without what only the node itself may reach. Kubernetes takes as exceptions only what is narrower than the range,
/// so whoever names such an address exactly gets it.
fn range(cidr: Cidr) -> NetworkPolicyPeer {
    let except: Vec<&str> = NODE_ONLY
        .into_iter()
        .filter(|node_only| {
            node_only
                .parse()
                .is_ok_and(|inner: Cidr| inner != cidr && cidr.net().contains(&inner.net()))
        })
        .collect();
    block(&cidr.to_string(), &except)
}

/// To one address and TCP port.
pub(super) fn to_address(cidr: &str, number: u16) -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule {
        to: Some(vec![block(cidr, &[])]),
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

pub(super) fn block(cidr: &str, except: &[&str]) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: cidr.to_owned(),
            except: (!except.is_empty())
                .then(|| except.iter().map(|range| (*range).to_owned()).collect()),
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
