//! What a cloud serves on the node itself, at link-local addresses that no wider range includes: credentials of a pod's own
//! identity, and names.

use k8s_openapi::api::networking::v1::{NetworkPolicyEgressRule, NetworkPolicyPeer};

use super::network;
use crate::identity::{Cloud, Identity};

/// Where the credentials of an identity are handed out. With IRSA and on Azure that is an ordinary endpoint, and instance
/// metadata stays closed: it would hand out the node's identity. GKE's metadata server answers for the pod's own; elsewhere Google's
/// is an ordinary endpoint, too.
pub(super) fn identity_rules(identity: &Identity) -> Option<Vec<NetworkPolicyEgressRule>> {
    match identity {
        // Which of the two the agent listens on follows from the cluster's address family.
        Identity::PodIdentity { .. } => Some(vec![
            network::to_address("169.254.170.23/32", 80),
            network::to_address("fd00:ec2::23/128", 80),
        ]),
        // Dataplane V2 judges the address that a pod asks for, V1 the one that the node makes of it.
        Identity::Gke { .. } => Some(vec![
            network::to_address("169.254.169.254/32", 80),
            network::to_address("169.254.169.252/32", 988),
        ]),
        Identity::Irsa { .. } | Identity::Google { .. } | Identity::Azure { .. } => None,
    }
}

/// Who answers for names in most clusters of a cloud; of any, when the cloud is not known. Besides the cluster's own pods
/// and Kubernetes' node-local cache these are, on GKE, the cache's pods (which Dataplane V2 sees in place of its address)
/// and Cloud DNS, on AKS `LocalDNS`.
pub(super) fn dns_peers(cloud: Option<Cloud>) -> Vec<NetworkPolicyPeer> {
    let is = |other: Cloud| cloud.is_none_or(|cloud| cloud == other);
    let pods = |name: &str| {
        network::pods(
            "kube-system",
            [("k8s-app".to_owned(), name.to_owned())].into(),
        )
    };
    let address = |cidr: &str| network::block(cidr, &[]);
    let mut peers = vec![pods("kube-dns"), address("169.254.20.10/32")];
    if is(Cloud::Gcp) {
        peers.extend([pods("node-local-dns"), address("169.254.169.254/32")]);
    }
    if is(Cloud::Azure) {
        peers.push(address("169.254.10.11/32"));
    }
    peers
}
