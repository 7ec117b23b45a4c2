//! What whoever runs us needs: the actions of our own calls, as a custom role of Azure.

use std::collections::BTreeSet;

use clouds::account::{Managed, Module, Operation};
use clouds::policies::PolicyDocument;
use serde_json::json;

use super::modules;

/// A row: actions of Resource Manager, and of the data planes.
type Row = (
    Managed,
    Operation,
    &'static [&'static str],
    &'static [&'static str],
);

const ASSIGN: &str = "Microsoft.Authorization/roleAssignments/write";
const UNASSIGN: &str = "Microsoft.Authorization/roleAssignments/delete";
const ASSIGNED: &str = "Microsoft.Authorization/roleAssignments/read";
const DEFINE: &str = "Microsoft.Authorization/roleDefinitions/write";
const UNDEFINE: &str = "Microsoft.Authorization/roleDefinitions/delete";
const DEFINED: &str = "Microsoft.Authorization/roleDefinitions/read";
const TAG: &str = "Microsoft.Resources/tags/write";
const VAULT: &str = "Microsoft.KeyVault/vaults/read";
/// To ask how far the making of a registry has come, which reading the registry does not cover.
const REGISTRY_PROGRESS: &str = "Microsoft.ContainerRegistry/registries/operationStatuses/read";

const JOIN_FRONTEND: &str = "Microsoft.Network/loadBalancers/frontendIPConfigurations/join/action";
const JOIN_SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";
const JOIN_ZONE: &str = "Microsoft.Network/privateDnsZones/join/action";
/// To ask how far the making of something in a network has come, and its deletion.
const NETWORK_PROGRESS: &str = "Microsoft.Network/locations/operations/read";
const NETWORK_RESULTS: &str = "Microsoft.Network/locations/operationResults/read";

/// The actions of our own calls, by what is managed and what is done. A create or an update also reads.
const ROWS: [Row; 29] = [
    (
        Managed::Buckets,
        Operation::Create,
        &[
            ASSIGN,
            UNASSIGN,
            VAULT,
            TAG,
            "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
            "Microsoft.Storage/storageAccounts/blobServices/containers/write",
            "Microsoft.Storage/storageAccounts/blobServices/write",
            "Microsoft.Storage/storageAccounts/managementPolicies/delete",
            "Microsoft.Storage/storageAccounts/managementPolicies/write",
            "Microsoft.Storage/storageAccounts/write",
        ],
        &[],
    ),
    (
        Managed::Buckets,
        Operation::Read,
        &[
            "Microsoft.Storage/storageAccounts/blobServices/containers/read",
            "Microsoft.Storage/storageAccounts/blobServices/read",
            "Microsoft.Storage/storageAccounts/managementPolicies/read",
            "Microsoft.Storage/storageAccounts/read",
        ],
        &[],
    ),
    (
        Managed::Buckets,
        Operation::Update,
        &[
            ASSIGN,
            UNASSIGN,
            VAULT,
            TAG,
            "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
            "Microsoft.Storage/storageAccounts/blobServices/containers/write",
            "Microsoft.Storage/storageAccounts/blobServices/write",
            "Microsoft.Storage/storageAccounts/managementPolicies/delete",
            "Microsoft.Storage/storageAccounts/managementPolicies/write",
            "Microsoft.Storage/storageAccounts/write",
        ],
        &[],
    ),
    (
        Managed::Buckets,
        Operation::Delete,
        &[
            // To give a right on a key back, where the account stays after all.
            ASSIGN,
            UNASSIGN,
            VAULT,
            "Microsoft.Storage/storageAccounts/blobServices/containers/delete",
            "Microsoft.Storage/storageAccounts/blobServices/containers/read",
            "Microsoft.Storage/storageAccounts/delete",
            "Microsoft.Storage/storageAccounts/fileServices/shares/delete",
            "Microsoft.Storage/storageAccounts/fileServices/shares/read",
            "Microsoft.Storage/storageAccounts/queueServices/queues/delete",
            "Microsoft.Storage/storageAccounts/queueServices/queues/read",
            "Microsoft.Storage/storageAccounts/read",
            "Microsoft.Storage/storageAccounts/tableServices/tables/delete",
            "Microsoft.Storage/storageAccounts/tableServices/tables/read",
        ],
        &[
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/deleteBlobVersion/action",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        ],
    ),
    (
        Managed::Roles,
        Operation::Create,
        &[
            ASSIGN,
            // What an identity of the same name had, which somebody deleted.
            UNASSIGN,
            DEFINE,
            TAG,
            VAULT,
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
            "Microsoft.ManagedIdentity/userAssignedIdentities/write",
        ],
        &[],
    ),
    (
        Managed::Roles,
        Operation::Read,
        &[
            ASSIGNED,
            DEFINED,
            VAULT,
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/read",
        ],
        &[],
    ),
    (
        Managed::Roles,
        Operation::Update,
        &[
            ASSIGN,
            UNASSIGN,
            ASSIGNED,
            DEFINE,
            UNDEFINE,
            DEFINED,
            TAG,
            VAULT,
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
        ],
        &[],
    ),
    (
        Managed::Roles,
        Operation::Delete,
        &[
            UNASSIGN,
            ASSIGNED,
            UNDEFINE,
            "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
        ],
        &[],
    ),
    (
        Managed::Registries,
        Operation::Create,
        &[
            REGISTRY_PROGRESS,
            TAG,
            "Microsoft.ContainerRegistry/registries/write",
        ],
        &[],
    ),
    (
        Managed::Registries,
        Operation::Read,
        &["Microsoft.ContainerRegistry/registries/read"],
        &[],
    ),
    (
        Managed::Registries,
        Operation::Update,
        &[
            REGISTRY_PROGRESS,
            TAG,
            "Microsoft.ContainerRegistry/registries/write",
        ],
        &[],
    ),
    (
        Managed::Registries,
        Operation::Delete,
        &[
            "Microsoft.ContainerRegistry/locations/operationResults/read",
            "Microsoft.ContainerRegistry/registries/delete",
            "Microsoft.ContainerRegistry/registries/metadata/read",
            "Microsoft.ContainerRegistry/registries/pull/read",
            "Microsoft.ContainerRegistry/registries/read",
        ],
        &[],
    ),
    (
        Managed::LogGroups,
        Operation::Create,
        &[TAG, "Microsoft.OperationalInsights/workspaces/write"],
        &[],
    ),
    (
        Managed::LogGroups,
        Operation::Read,
        &["Microsoft.OperationalInsights/workspaces/read"],
        &[],
    ),
    (
        Managed::LogGroups,
        Operation::Update,
        &[TAG, "Microsoft.OperationalInsights/workspaces/write"],
        &[],
    ),
    (
        Managed::LogGroups,
        Operation::Delete,
        &["Microsoft.OperationalInsights/workspaces/delete"],
        &[],
    ),
    (
        Managed::Secrets,
        Operation::Create,
        &[VAULT],
        &[
            "Microsoft.KeyVault/vaults/secrets/recover/action",
            "Microsoft.KeyVault/vaults/secrets/setSecret/action",
            "Microsoft.KeyVault/vaults/secrets/update/action",
        ],
    ),
    (
        Managed::Secrets,
        Operation::Read,
        &[VAULT],
        &["Microsoft.KeyVault/vaults/secrets/readMetadata/action"],
    ),
    (
        Managed::Secrets,
        Operation::Update,
        &[VAULT],
        &[
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
            "Microsoft.KeyVault/vaults/secrets/setSecret/action",
            "Microsoft.KeyVault/vaults/secrets/update/action",
        ],
    ),
    (
        Managed::Secrets,
        Operation::Delete,
        &[VAULT],
        &[
            "Microsoft.KeyVault/vaults/secrets/delete",
            "Microsoft.KeyVault/vaults/secrets/purge/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
    ),
    (
        Managed::PrivateServices,
        Operation::Create,
        &[
            JOIN_FRONTEND,
            JOIN_SUBNET,
            NETWORK_PROGRESS,
            TAG,
            "Microsoft.Network/privateLinkServices/write",
        ],
        &[],
    ),
    (
        Managed::PrivateServices,
        Operation::Read,
        &["Microsoft.Network/privateLinkServices/read"],
        &[],
    ),
    (
        Managed::PrivateServices,
        Operation::Update,
        &[
            JOIN_FRONTEND,
            JOIN_SUBNET,
            NETWORK_PROGRESS,
            TAG,
            "Microsoft.Network/privateLinkServices/privateEndpointConnections/write",
            "Microsoft.Network/privateLinkServices/write",
        ],
        &[],
    ),
    (
        Managed::PrivateServices,
        Operation::Delete,
        &[
            NETWORK_RESULTS,
            "Microsoft.Network/privateLinkServices/delete",
            "Microsoft.Network/privateLinkServices/privateEndpointConnections/delete",
            // To keep out who is connected, where that is forced.
            "Microsoft.Network/privateLinkServices/privateEndpointConnections/write",
            "Microsoft.Network/privateLinkServices/read",
        ],
        &[],
    ),
    (
        Managed::PrivateEndpoints,
        Operation::Create,
        &[
            JOIN_SUBNET,
            JOIN_ZONE,
            NETWORK_PROGRESS,
            // A create that is gone on with may find a group of other zones.
            NETWORK_RESULTS,
            TAG,
            // What lies in the same subscription is approved with the request.
            "Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action",
            "Microsoft.ContainerService/managedClusters/privateEndpointConnectionsApproval/action",
            "Microsoft.KeyVault/vaults/privateEndpointConnectionsApproval/action",
            "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/delete",
            "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/write",
            "Microsoft.Network/privateEndpoints/write",
            "Microsoft.Network/privateLinkServices/privateEndpointConnectionsApproval/action",
            "Microsoft.Storage/storageAccounts/privateEndpointConnectionsApproval/action",
        ],
        &[],
    ),
    (
        Managed::PrivateEndpoints,
        Operation::Read,
        &[
            "Microsoft.Network/networkInterfaces/read",
            "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/read",
            "Microsoft.Network/privateEndpoints/read",
        ],
        &[],
    ),
    (
        Managed::PrivateEndpoints,
        Operation::Update,
        &[
            JOIN_SUBNET,
            JOIN_ZONE,
            NETWORK_PROGRESS,
            // Other zones are another group.
            NETWORK_RESULTS,
            TAG,
            "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/delete",
            "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/write",
            "Microsoft.Network/privateEndpoints/write",
        ],
        &[],
    ),
    (
        Managed::PrivateEndpoints,
        Operation::Delete,
        &[
            NETWORK_RESULTS,
            "Microsoft.Network/privateEndpoints/delete",
            "Microsoft.Network/privateEndpoints/read",
        ],
        &[],
    ),
    (
        Managed::Clusters,
        Operation::Read,
        &[
            "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
            "Microsoft.ContainerService/managedClusters/read",
        ],
        &[],
    ),
];

/// A custom role as `az role definition create` takes it.
pub(crate) fn required(
    subscription: &str,
    managed: &BTreeSet<Managed>,
    modules: &BTreeSet<Module>,
    operations: &BTreeSet<Operation>,
) -> PolicyDocument {
    let rows = ROWS
        .iter()
        .filter(|(of, operation, ..)| managed.contains(of) && operations.contains(operation));
    // To see whose credentials they are takes reading the subscription.
    let mut actions = BTreeSet::from(["Microsoft.Resources/subscriptions/read"]);
    actions.extend(modules::taken(modules, operations));
    let mut data_actions = BTreeSet::new();
    for (_, _, of_manager, of_data) in rows {
        actions.extend(of_manager.iter().copied());
        data_actions.extend(of_data.iter().copied());
    }
    PolicyDocument::new(json!({
        "Name": "dataplane",
        "Description": "What Terraform needs to manage a data plane.",
        "Actions": actions,
        "NotActions": [],
        "DataActions": data_actions,
        "NotDataActions": [],
        "AssignableScopes": [subscription],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_done_is_needed() {
        let read = required(
            "/subscriptions/s",
            &[Managed::Secrets].into(),
            &[].into(),
            &[Operation::Read].into(),
        );
        let text = read.to_string();
        assert!(text.contains("secrets/readMetadata/action"), "{text}");
        assert!(!text.contains("setSecret"), "{text}");
        assert!(read.value()["AssignableScopes"].is_array(), "{text}");
    }

    #[test]
    fn nothing_takes_the_value_of_a_secret() {
        for (managed, operation, _, data) in ROWS {
            let reads = data.iter().any(|action| action.contains("getSecret"));
            assert!(!reads, "{managed:?} {operation:?}");
        }
    }

    #[test]
    fn operations_of_registries_are_asked_about_with_rights_of_their_own() {
        for (operation, action) in [
            (Operation::Create, REGISTRY_PROGRESS),
            (Operation::Update, REGISTRY_PROGRESS),
            (
                Operation::Delete,
                "Microsoft.ContainerRegistry/locations/operationResults/read",
            ),
        ] {
            let role = required(
                "/subscriptions/s",
                &[Managed::Registries].into(),
                &[].into(),
                &[operation].into(),
            );
            assert!(role.to_string().contains(action), "{role}");
        }
    }

    #[test]
    fn each_action_stands_where_azure_wants_it() {
        for (_, _, actions, data) in ROWS {
            for action in actions {
                assert!(
                    action.starts_with("Microsoft.") && !action.contains("/secrets/"),
                    "{action}"
                );
            }
            for action in data {
                assert!(
                    action.contains("/secrets/") || action.contains("/blobs/"),
                    "{action}"
                );
            }
        }
    }
}
