//! Which permissions private services and private endpoints take.
//!
//! Compute Engine asks for a permission on what a call uses beside that on what it changes (the subnetwork of an address, say), and
//! for one of their own on forwarding rules that are endpoints. Written from the lists of permissions by method in the reference of
//! the compute API and from "Compute Engine IAM roles and permissions"; where these name both the usual permission and the one of
//! endpoints, both are asked for.

use clouds::account::Operation;

type Parts = &'static [&'static [&'static str]];

/// The ends of operations are looked at.
const LOOK_IN_REGION: &[&str] = &["compute.regionOperations.get"];
const LOOK: &[&str] = &[
    "compute.globalOperations.get",
    "compute.regionOperations.get",
];

/// The address of an endpoint that somebody else made may have any name: it is looked for among all.
const READ_ENDPOINTS: &[&str] = &[
    "compute.addresses.get",
    "compute.addresses.list",
    "compute.forwardingRules.get",
    "compute.globalAddresses.get",
    "compute.globalAddresses.list",
    "compute.globalForwardingRules.get",
];
const LABEL_ENDPOINTS: &[&str] = &[
    "compute.addresses.setLabels",
    "compute.forwardingRules.pscSetLabels",
    "compute.forwardingRules.setLabels",
    "compute.globalAddresses.setLabels",
    "compute.globalForwardingRules.pscSetLabels",
    "compute.globalForwardingRules.setLabels",
];

pub(super) fn services(operation: Operation) -> Parts {
    match operation {
        Operation::Create => &[
            LOOK_IN_REGION,
            &[
                "compute.forwardingRules.use",
                "compute.serviceAttachments.create",
                "compute.serviceAttachments.get",
                "compute.serviceAttachments.update",
                "compute.subnetworks.use",
            ],
        ],
        Operation::Read => &[&["compute.serviceAttachments.get"]],
        Operation::Update => &[
            LOOK_IN_REGION,
            &[
                "compute.forwardingRules.use",
                "compute.serviceAttachments.get",
                "compute.serviceAttachments.update",
                "compute.subnetworks.use",
            ],
        ],
        Operation::Delete => &[
            LOOK_IN_REGION,
            &[
                "compute.serviceAttachments.delete",
                "compute.serviceAttachments.get",
                "compute.serviceAttachments.update",
            ],
        ],
    }
}

pub(super) fn endpoints(operation: Operation) -> Parts {
    match operation {
        Operation::Create => &[
            LOOK,
            READ_ENDPOINTS,
            LABEL_ENDPOINTS,
            // An address of an interrupted create is given back where the endpoint lies elsewhere by now.
            &[
                "compute.addresses.createInternal",
                "compute.addresses.deleteInternal",
                "compute.addresses.use",
                "compute.forwardingRules.create",
                "compute.forwardingRules.pscCreate",
                "compute.globalAddresses.createInternal",
                "compute.globalAddresses.deleteInternal",
                "compute.globalAddresses.use",
                "compute.globalForwardingRules.create",
                "compute.globalForwardingRules.pscCreate",
                "compute.networks.use",
                "compute.serviceAttachments.get",
                "compute.subnetworks.use",
            ],
        ],
        Operation::Read => &[READ_ENDPOINTS],
        Operation::Update => &[
            LOOK,
            READ_ENDPOINTS,
            LABEL_ENDPOINTS,
            &[
                "compute.forwardingRules.pscUpdate",
                "compute.forwardingRules.update",
            ],
        ],
        Operation::Delete => &[
            LOOK,
            READ_ENDPOINTS,
            // A deletion that ends half-way is told by a label of the address.
            &[
                "compute.addresses.deleteInternal",
                "compute.addresses.setLabels",
                "compute.forwardingRules.delete",
                "compute.forwardingRules.pscDelete",
                "compute.globalAddresses.deleteInternal",
                "compute.globalAddresses.setLabels",
                "compute.globalForwardingRules.delete",
                "compute.globalForwardingRules.pscDelete",
            ],
        ],
    }
}
