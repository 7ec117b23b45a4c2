//! What the modules for Azure need beside what they make with this provider: the actions of their resources of other providers.
//!
//! Written from the calls that hashicorp/azurerm makes (4.x) and the references of the services' operations; nothing here is proved as the
//! calls of our own resources are. Where a type is read as data, that takes its `read`.

use std::collections::BTreeSet;

use clouds::account::{Managed, Module, Operation};

/// A type, and its actions by what is done: to create, to read, to update, to delete.
struct Row {
    of: &'static str,
    create: &'static [&'static str],
    read: &'static [&'static str],
    update: &'static [&'static str],
    delete: &'static [&'static str],
}

const PROGRESS: &str = "Microsoft.Network/locations/operations/read";
const RESULTS: &str = "Microsoft.Network/locations/operationResults/read";
const JOIN_SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";
const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets/read";
const SUBNET_WRITE: &str = "Microsoft.Network/virtualNetworks/subnets/write";
const CLUSTER: &str = "Microsoft.ContainerService/managedClusters/read";
const CLUSTER_PROGRESS: &str = "Microsoft.ContainerService/locations/operations/read";
const CLUSTER_RESULTS: &str = "Microsoft.ContainerService/locations/operationresults/read";
const POOL: &str = "Microsoft.ContainerService/managedClusters/agentPools/read";
const POOL_WRITE: &str = "Microsoft.ContainerService/managedClusters/agentPools/write";
const POOL_DELETE: &str = "Microsoft.ContainerService/managedClusters/agentPools/delete";
const ZONE_PROGRESS: &str = "Microsoft.Network/privateDnsOperationStatuses/read";
const SCOPE_PROGRESS: &str = "Microsoft.Insights/privateLinkScopeOperationStatuses/read";
/// Who sends to a workspace is asked for its keys.
const WORKSPACE_KEYS: &str = "Microsoft.OperationalInsights/workspaces/sharedKeys/action";
const WORKSPACE: &str = "Microsoft.OperationalInsights/workspaces/read";
const DEFINED: &str = "Microsoft.Authorization/roleDefinitions/read";

/// What a module makes with this provider.
pub(crate) fn made_by(module: Module) -> BTreeSet<Managed> {
    let made: &[Managed] = match module {
        Module::DataPlane => &[
            Managed::Buckets,
            Managed::Roles,
            Managed::Registries,
            Managed::LogGroups,
            Managed::Secrets,
        ],
        Module::Network | Module::Cluster | Module::VendorAccess => &[],
        Module::PrivateApi | Module::Sovereign => &[Managed::PrivateServices],
        Module::Endpoints | Module::PrivateApiConsumer => &[Managed::PrivateEndpoints],
    };
    made.iter().copied().collect()
}

/// Types of resources, and of data sources, that a module holds.
fn types(module: Module) -> &'static [&'static str] {
    match module {
        Module::DataPlane => &[],
        Module::Network => &[
            "azurerm_nat_gateway",
            "azurerm_nat_gateway_public_ip_association",
            "azurerm_network_security_group",
            "azurerm_network_security_rule",
            "azurerm_network_watcher_flow_log",
            "azurerm_public_ip",
            "azurerm_subnet",
            "azurerm_subnet_nat_gateway_association",
            "azurerm_subnet_network_security_group_association",
            "azurerm_virtual_network",
        ],
        Module::Cluster => &[
            "azurerm_kubernetes_cluster",
            "azurerm_kubernetes_cluster_node_pool",
            "azurerm_monitor_diagnostic_setting",
            "azurerm_role_assignment",
            "azurerm_user_assigned_identity",
        ],
        Module::Endpoints => &[
            "azurerm_monitor_private_link_scope",
            "azurerm_monitor_private_link_scoped_service",
            "azurerm_private_dns_zone",
            "azurerm_private_dns_zone_virtual_network_link",
        ],
        Module::PrivateApi => &["azurerm_lb"],
        Module::PrivateApiConsumer => &[
            "azurerm_private_dns_a_record",
            "azurerm_private_dns_zone",
            "azurerm_private_dns_zone_virtual_network_link",
        ],
        Module::VendorAccess => &[
            "azurerm_federated_identity_credential",
            "azurerm_role_assignment",
            "azurerm_role_definition",
            "azurerm_user_assigned_identity",
        ],
        Module::Sovereign => &[
            "azurerm_network_security_rule",
            "azurerm_role_assignment",
            "azurerm_subnet",
        ],
    }
}

const ROWS: [Row; 23] = [
    Row {
        of: "azurerm_federated_identity_credential",
        create: &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
        ],
        read: &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
        ],
        update: &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
        ],
        delete: &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
        ],
    },
    // A subnet of pools is joined, and the identity given to the cluster, in the name of who calls. The state holds what gets a person in.
    Row {
        of: "azurerm_kubernetes_cluster",
        create: &[
            CLUSTER_PROGRESS,
            CLUSTER_RESULTS,
            "Microsoft.ContainerService/managedClusters/write",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
            JOIN_SUBNET,
        ],
        read: &[
            POOL,
            "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
            CLUSTER,
        ],
        // Pools of another size are made beside the one that they replace.
        update: &[
            CLUSTER_PROGRESS,
            CLUSTER_RESULTS,
            POOL_DELETE,
            POOL_WRITE,
            "Microsoft.ContainerService/managedClusters/write",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
            JOIN_SUBNET,
        ],
        delete: &[
            CLUSTER_PROGRESS,
            CLUSTER_RESULTS,
            "Microsoft.ContainerService/managedClusters/delete",
        ],
    },
    Row {
        of: "azurerm_kubernetes_cluster_node_pool",
        create: &[CLUSTER_PROGRESS, CLUSTER_RESULTS, POOL_WRITE, JOIN_SUBNET],
        read: &[POOL, CLUSTER],
        update: &[
            CLUSTER_PROGRESS,
            CLUSTER_RESULTS,
            POOL_DELETE,
            POOL_WRITE,
            JOIN_SUBNET,
        ],
        delete: &[CLUSTER_PROGRESS, CLUSTER_RESULTS, POOL_DELETE],
    },
    Row {
        of: "azurerm_lb",
        create: &[],
        read: &["Microsoft.Network/loadBalancers/read"],
        update: &[],
        delete: &[],
    },
    Row {
        of: "azurerm_monitor_diagnostic_setting",
        create: &[
            "Microsoft.Insights/diagnosticSettings/write",
            WORKSPACE,
            WORKSPACE_KEYS,
        ],
        read: &["Microsoft.Insights/diagnosticSettings/read"],
        update: &[
            "Microsoft.Insights/diagnosticSettings/write",
            WORKSPACE,
            WORKSPACE_KEYS,
        ],
        delete: &["Microsoft.Insights/diagnosticSettings/delete"],
    },
    Row {
        of: "azurerm_monitor_private_link_scope",
        create: &[SCOPE_PROGRESS, "Microsoft.Insights/privateLinkScopes/write"],
        read: &["Microsoft.Insights/privateLinkScopes/read"],
        update: &[SCOPE_PROGRESS, "Microsoft.Insights/privateLinkScopes/write"],
        delete: &[
            SCOPE_PROGRESS,
            "Microsoft.Insights/privateLinkScopes/delete",
        ],
    },
    Row {
        of: "azurerm_monitor_private_link_scoped_service",
        create: &[
            SCOPE_PROGRESS,
            "Microsoft.Insights/privateLinkScopes/scopedResources/write",
            WORKSPACE,
        ],
        read: &["Microsoft.Insights/privateLinkScopes/scopedResources/read"],
        update: &[],
        delete: &[
            SCOPE_PROGRESS,
            "Microsoft.Insights/privateLinkScopes/scopedResources/delete",
        ],
    },
    Row {
        of: "azurerm_nat_gateway",
        create: &[PROGRESS, "Microsoft.Network/natGateways/write"],
        read: &["Microsoft.Network/natGateways/read"],
        update: &[PROGRESS, "Microsoft.Network/natGateways/write"],
        delete: &["Microsoft.Network/natGateways/delete", RESULTS],
    },
    Row {
        of: "azurerm_nat_gateway_public_ip_association",
        create: &[
            PROGRESS,
            "Microsoft.Network/natGateways/write",
            "Microsoft.Network/publicIPAddresses/join/action",
        ],
        read: &["Microsoft.Network/natGateways/read"],
        update: &[],
        delete: &[PROGRESS, "Microsoft.Network/natGateways/write"],
    },
    Row {
        of: "azurerm_network_security_group",
        create: &[PROGRESS, "Microsoft.Network/networkSecurityGroups/write"],
        read: &["Microsoft.Network/networkSecurityGroups/read"],
        update: &[PROGRESS, "Microsoft.Network/networkSecurityGroups/write"],
        delete: &["Microsoft.Network/networkSecurityGroups/delete", RESULTS],
    },
    Row {
        of: "azurerm_network_security_rule",
        create: &[
            PROGRESS,
            "Microsoft.Network/networkSecurityGroups/securityRules/write",
        ],
        read: &["Microsoft.Network/networkSecurityGroups/securityRules/read"],
        update: &[
            PROGRESS,
            "Microsoft.Network/networkSecurityGroups/securityRules/write",
        ],
        delete: &[
            "Microsoft.Network/networkSecurityGroups/securityRules/delete",
            RESULTS,
        ],
    },
    // The service writes to the account with keys that it is given in the name of who calls.
    Row {
        of: "azurerm_network_watcher_flow_log",
        create: &[
            PROGRESS,
            "Microsoft.Network/networkWatchers/configureFlowLog/action",
            "Microsoft.Network/networkWatchers/flowLogs/write",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Storage/storageAccounts/listAccountSas/action",
            "Microsoft.Storage/storageAccounts/listKeys/action",
            "Microsoft.Storage/storageAccounts/listServiceSas/action",
            "Microsoft.Storage/storageAccounts/read",
        ],
        read: &["Microsoft.Network/networkWatchers/flowLogs/read"],
        update: &[
            PROGRESS,
            "Microsoft.Network/networkWatchers/configureFlowLog/action",
            "Microsoft.Network/networkWatchers/flowLogs/write",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Storage/storageAccounts/listAccountSas/action",
            "Microsoft.Storage/storageAccounts/listKeys/action",
            "Microsoft.Storage/storageAccounts/listServiceSas/action",
            "Microsoft.Storage/storageAccounts/read",
        ],
        delete: &["Microsoft.Network/networkWatchers/flowLogs/delete", RESULTS],
    },
    Row {
        of: "azurerm_private_dns_a_record",
        create: &["Microsoft.Network/privateDnsZones/A/write"],
        read: &["Microsoft.Network/privateDnsZones/A/read"],
        update: &["Microsoft.Network/privateDnsZones/A/write"],
        delete: &["Microsoft.Network/privateDnsZones/A/delete"],
    },
    Row {
        of: "azurerm_private_dns_zone",
        create: &[ZONE_PROGRESS, "Microsoft.Network/privateDnsZones/write"],
        read: &[
            "Microsoft.Network/privateDnsZones/SOA/read",
            "Microsoft.Network/privateDnsZones/read",
        ],
        update: &[ZONE_PROGRESS, "Microsoft.Network/privateDnsZones/write"],
        delete: &[ZONE_PROGRESS, "Microsoft.Network/privateDnsZones/delete"],
    },
    Row {
        of: "azurerm_private_dns_zone_virtual_network_link",
        create: &[
            ZONE_PROGRESS,
            "Microsoft.Network/privateDnsZones/virtualNetworkLinks/write",
            "Microsoft.Network/virtualNetworks/join/action",
        ],
        read: &["Microsoft.Network/privateDnsZones/virtualNetworkLinks/read"],
        update: &[
            ZONE_PROGRESS,
            "Microsoft.Network/privateDnsZones/virtualNetworkLinks/write",
            "Microsoft.Network/virtualNetworks/join/action",
        ],
        delete: &[
            ZONE_PROGRESS,
            "Microsoft.Network/privateDnsZones/virtualNetworkLinks/delete",
        ],
    },
    Row {
        of: "azurerm_public_ip",
        create: &[PROGRESS, "Microsoft.Network/publicIPAddresses/write"],
        read: &["Microsoft.Network/publicIPAddresses/read"],
        update: &[PROGRESS, "Microsoft.Network/publicIPAddresses/write"],
        delete: &["Microsoft.Network/publicIPAddresses/delete", RESULTS],
    },
    // Roles are looked up by name.
    Row {
        of: "azurerm_role_assignment",
        create: &["Microsoft.Authorization/roleAssignments/write", DEFINED],
        read: &["Microsoft.Authorization/roleAssignments/read", DEFINED],
        update: &[],
        delete: &["Microsoft.Authorization/roleAssignments/delete"],
    },
    Row {
        of: "azurerm_role_definition",
        create: &["Microsoft.Authorization/roleDefinitions/write"],
        read: &[DEFINED],
        update: &["Microsoft.Authorization/roleDefinitions/write"],
        delete: &["Microsoft.Authorization/roleDefinitions/delete"],
    },
    Row {
        of: "azurerm_subnet",
        create: &[PROGRESS, SUBNET_WRITE],
        read: &[SUBNET],
        update: &[PROGRESS, SUBNET_WRITE],
        delete: &[RESULTS, "Microsoft.Network/virtualNetworks/subnets/delete"],
    },
    // What a subnet is joined with is written into it.
    Row {
        of: "azurerm_subnet_nat_gateway_association",
        create: &[
            PROGRESS,
            "Microsoft.Network/natGateways/join/action",
            "Microsoft.Network/natGateways/read",
            SUBNET_WRITE,
        ],
        read: &[SUBNET],
        update: &[],
        delete: &[PROGRESS, SUBNET_WRITE],
    },
    Row {
        of: "azurerm_subnet_network_security_group_association",
        create: &[
            PROGRESS,
            "Microsoft.Network/networkSecurityGroups/join/action",
            SUBNET_WRITE,
        ],
        read: &[SUBNET],
        update: &[],
        delete: &[PROGRESS, SUBNET_WRITE],
    },
    Row {
        of: "azurerm_user_assigned_identity",
        create: &["Microsoft.ManagedIdentity/userAssignedIdentities/write"],
        read: &["Microsoft.ManagedIdentity/userAssignedIdentities/read"],
        update: &["Microsoft.ManagedIdentity/userAssignedIdentities/write"],
        delete: &["Microsoft.ManagedIdentity/userAssignedIdentities/delete"],
    },
    Row {
        of: "azurerm_virtual_network",
        create: &[PROGRESS, "Microsoft.Network/virtualNetworks/write"],
        read: &["Microsoft.Network/virtualNetworks/read"],
        update: &[PROGRESS, "Microsoft.Network/virtualNetworks/write"],
        delete: &[RESULTS, "Microsoft.Network/virtualNetworks/delete"],
    },
];

/// What the resources of other providers in these modules take.
pub(super) fn taken(
    modules: &BTreeSet<Module>,
    operations: &BTreeSet<Operation>,
) -> BTreeSet<&'static str> {
    let held: BTreeSet<&str> = modules
        .iter()
        .flat_map(|module| types(*module))
        .copied()
        .collect();
    let rows = ROWS.iter().filter(|row| held.contains(row.of));
    rows.flat_map(|row| {
        operations
            .iter()
            .flat_map(|operation| row.actions(*operation))
    })
    .copied()
    .collect()
}

impl Row {
    fn actions(&self, operation: Operation) -> &'static [&'static str] {
        match operation {
            Operation::Create => self.create,
            Operation::Read => self.read,
            Operation::Update => self.update,
            Operation::Delete => self.delete,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clouds::conformance::modules;

    use super::*;

    const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../modules/azure");

    #[test]
    fn the_tables_are_of_what_the_modules_hold() {
        let has = |name: &str, operation| {
            let row = ROWS.iter().find(|row| row.of == name);
            row.is_some_and(|row| !row.actions(operation).is_empty())
        };
        modules::suite(
            Path::new(MODULES),
            |module| Some(made_by(module)),
            |module| types(module).iter().copied().collect(),
            has,
        );
        let held: BTreeSet<_> = Module::ALL.into_iter().flat_map(types).copied().collect();
        let rows: BTreeSet<_> = ROWS.iter().map(|row| row.of).collect();
        assert_eq!(rows, held, "no row is of what no module holds");
        assert_eq!(rows.len(), ROWS.len());
    }

    #[test]
    fn actions_are_of_resource_manager_and_reading_changes_nothing() {
        for row in &ROWS {
            for operation in Operation::ALL {
                for action in row.actions(operation) {
                    assert!(action.starts_with("Microsoft."), "{action}");
                    let looks = action.ends_with("/read")
                        || action.ends_with("/listClusterUserCredential/action");
                    let ends = ["/write", "/delete", "/action"];
                    assert!(
                        looks || ends.iter().any(|end| action.ends_with(end)),
                        "{action}"
                    );
                    assert!(looks || operation != Operation::Read, "{action}");
                }
            }
        }
    }

    #[test]
    fn a_module_takes_what_its_own_resources_take() {
        let of = |module, operation| taken(&[module].into(), &[operation].into());
        let making = of(Module::Network, Operation::Create);
        assert!(making.contains("Microsoft.Network/natGateways/write"));
        assert!(
            !making
                .iter()
                .any(|action| action.contains("ContainerService"))
        );
        assert!(of(Module::DataPlane, Operation::Create).is_empty());
        let looking = of(Module::PrivateApi, Operation::Read);
        assert_eq!(looking, ["Microsoft.Network/loadBalancers/read"].into());
    }
}
