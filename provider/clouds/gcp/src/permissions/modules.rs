//! What the modules for Google Cloud need beside what they make with this provider: the permissions of their resources of other providers.
//!
//! Written from the calls that hashicorp/google makes (6.x) and the references of the services' permissions; nothing here is proved as the
//! calls of our own resources are. Where a type is read as data, that takes its `read`.

use std::collections::BTreeSet;

use clouds::account::{Managed, Module, Operation};

/// A type, and its permissions by what is done, each list in one text: to create, to read, to update, to delete.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// What the module gives to the nodes of a cluster in the project.
pub(super) const NODE_ROLES: [&str; 2] = [
    "roles/artifactregistry.reader",
    "roles/container.defaultNodeServiceAccount",
];

/// What a module makes with this provider; there is no vendor's side of the private way here, since DNS names lead to the API.
pub(crate) fn made_by(module: Module) -> Option<BTreeSet<Managed>> {
    let made: &[Managed] = match module {
        Module::DataPlane => &[
            Managed::Buckets,
            Managed::IdentityProviders,
            Managed::Roles,
            Managed::Registries,
            Managed::LogGroups,
            Managed::Secrets,
        ],
        Module::Network | Module::Cluster | Module::PrivateApi | Module::VendorAccess => &[],
        Module::Endpoints => &[Managed::PrivateEndpoints],
        Module::Sovereign => &[Managed::PrivateServices],
        Module::PrivateApiConsumer => return None,
    };
    Some(made.iter().copied().collect())
}

/// Types of resources, and of data sources, that a module holds.
fn types(module: Module) -> &'static [&'static str] {
    match module {
        Module::DataPlane | Module::PrivateApiConsumer => &[],
        Module::Network => &[
            "google_compute_firewall",
            "google_compute_network",
            "google_compute_router",
            "google_compute_router_nat",
            "google_compute_subnetwork",
            "google_dns_managed_zone",
            "google_dns_record_set",
        ],
        Module::Cluster => &[
            "google_container_cluster",
            "google_container_node_pool",
            "google_kms_crypto_key",
            "google_kms_crypto_key_iam_member",
            "google_kms_key_ring",
            "google_project",
            "google_project_iam_member",
            "google_service_account",
            "terraform_data",
        ],
        Module::Endpoints => &[
            "google_compute_firewall",
            "google_dns_managed_zone",
            "google_dns_record_set",
        ],
        Module::PrivateApi => &[
            "google_access_context_manager_service_perimeter_ingress_policy",
            "google_project",
            "google_project_iam_custom_role",
            "google_project_iam_member",
        ],
        Module::VendorAccess => &[
            "google_iam_workload_identity_pool",
            "google_iam_workload_identity_pool_provider",
            "google_project_iam_custom_role",
            "google_project_iam_member",
            "google_service_account",
            "google_service_account_iam_member",
        ],
        Module::Sovereign => &["google_compute_firewall", "google_compute_subnetwork"],
    }
}

/// What a role of a project cannot hold, or what is never called: a perimeter is of the organisation's access policy, whose rights are
/// given there; a key ring stays when its resource goes; and what Terraform keeps by itself.
#[cfg(test)]
const SILENT: [(&str, &[Operation]); 3] = [
    (
        "google_access_context_manager_service_perimeter_ingress_policy",
        &Operation::ALL,
    ),
    ("google_kms_key_ring", &[Operation::Delete]),
    ("terraform_data", &Operation::ALL),
];

const ROWS: [Row; 21] = [
    (
        "google_access_context_manager_service_perimeter_ingress_policy",
        "",
        "",
        "",
        "",
    ),
    // A rule, a route or a router is a change of the network's own.
    (
        "google_compute_firewall",
        "compute.firewalls.create compute.globalOperations.get compute.networks.updatePolicy",
        "compute.firewalls.get",
        "compute.firewalls.update compute.globalOperations.get compute.networks.updatePolicy",
        "compute.firewalls.delete compute.globalOperations.get compute.networks.updatePolicy",
    ),
    (
        "google_compute_network",
        "compute.globalOperations.get compute.networks.create",
        "compute.networks.get",
        "compute.globalOperations.get compute.networks.update",
        "compute.globalOperations.get compute.networks.delete",
    ),
    (
        "google_compute_router",
        "compute.networks.updatePolicy compute.regionOperations.get compute.routers.create",
        "compute.routers.get",
        "compute.networks.updatePolicy compute.regionOperations.get compute.routers.update",
        "compute.networks.updatePolicy compute.regionOperations.get compute.routers.delete",
    ),
    // Address translation is a part of its router.
    (
        "google_compute_router_nat",
        "compute.networks.updatePolicy compute.regionOperations.get compute.routers.get compute.routers.update",
        "compute.routers.get",
        "compute.networks.updatePolicy compute.regionOperations.get compute.routers.get compute.routers.update",
        "compute.networks.updatePolicy compute.regionOperations.get compute.routers.get compute.routers.update",
    ),
    (
        "google_compute_subnetwork",
        "compute.networks.updatePolicy compute.regionOperations.get compute.subnetworks.create",
        "compute.subnetworks.get",
        "compute.networks.updatePolicy compute.regionOperations.get compute.subnetworks.expandIpCidrRange \
         compute.subnetworks.setPrivateIpGoogleAccess compute.subnetworks.update",
        "compute.networks.updatePolicy compute.regionOperations.get compute.subnetworks.delete",
    ),
    // Pools of nodes are a part of their cluster. Who makes nodes that work as a service account acts as it.
    (
        "google_container_cluster",
        "container.clusters.create container.clusters.update container.operations.get iam.serviceAccounts.actAs",
        "compute.instanceGroupManagers.get container.clusters.get",
        "container.clusters.update container.operations.get",
        "container.clusters.delete container.operations.get",
    ),
    (
        "google_container_node_pool",
        "container.clusters.update container.operations.get iam.serviceAccounts.actAs",
        "compute.instanceGroupManagers.get container.clusters.get",
        "container.clusters.update container.operations.get",
        "container.clusters.update container.operations.get",
    ),
    (
        "google_dns_managed_zone",
        "dns.managedZones.create dns.networks.bindPrivateDNSZone",
        "dns.managedZones.get",
        "dns.managedZones.update dns.networks.bindPrivateDNSZone",
        "dns.managedZones.delete",
    ),
    (
        "google_dns_record_set",
        "dns.changes.create dns.changes.get dns.resourceRecordSets.create",
        "dns.resourceRecordSets.list",
        "dns.changes.create dns.changes.get dns.resourceRecordSets.create dns.resourceRecordSets.delete dns.resourceRecordSets.update",
        "dns.changes.create dns.changes.get dns.managedZones.get dns.resourceRecordSets.delete",
    ),
    (
        "google_iam_workload_identity_pool",
        "iam.workloadIdentityPools.create iam.workloadIdentityPools.get",
        "iam.workloadIdentityPools.get",
        "iam.workloadIdentityPools.update",
        "iam.workloadIdentityPools.delete",
    ),
    (
        "google_iam_workload_identity_pool_provider",
        "iam.workloadIdentityPoolProviders.create iam.workloadIdentityPoolProviders.get",
        "iam.workloadIdentityPoolProviders.get",
        "iam.workloadIdentityPoolProviders.update",
        "iam.workloadIdentityPoolProviders.delete",
    ),
    // A key is never deleted: its versions are destroyed, and it is turned no more.
    (
        "google_kms_crypto_key",
        "cloudkms.cryptoKeys.create",
        "cloudkms.cryptoKeys.get",
        "cloudkms.cryptoKeys.update",
        "cloudkms.cryptoKeyVersions.destroy cloudkms.cryptoKeyVersions.list cloudkms.cryptoKeys.update",
    ),
    (
        "google_kms_crypto_key_iam_member",
        "cloudkms.cryptoKeys.setIamPolicy",
        "cloudkms.cryptoKeys.getIamPolicy",
        "",
        "cloudkms.cryptoKeys.setIamPolicy",
    ),
    (
        "google_kms_key_ring",
        "cloudkms.keyRings.create",
        "cloudkms.keyRings.get",
        "",
        "",
    ),
    ("google_project", "", "resourcemanager.projects.get", "", ""),
    (
        "google_project_iam_custom_role",
        "iam.roles.create iam.roles.get iam.roles.undelete iam.roles.update",
        "iam.roles.get",
        "iam.roles.update",
        "iam.roles.delete",
    ),
    (
        "google_project_iam_member",
        "resourcemanager.projects.setIamPolicy",
        "resourcemanager.projects.getIamPolicy",
        "",
        "resourcemanager.projects.setIamPolicy",
    ),
    (
        "google_service_account",
        "iam.serviceAccounts.create",
        "iam.serviceAccounts.get",
        "iam.serviceAccounts.update",
        "iam.serviceAccounts.delete",
    ),
    (
        "google_service_account_iam_member",
        "iam.serviceAccounts.setIamPolicy",
        "iam.serviceAccounts.getIamPolicy",
        "",
        "iam.serviceAccounts.setIamPolicy",
    ),
    ("terraform_data", "", "", "", ""),
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
    let rows = ROWS.iter().filter(|row| held.contains(row.0));
    rows.flat_map(|row| operations.iter().flat_map(|operation| of(row, *operation)))
        .collect()
}

fn of(row: &Row, operation: Operation) -> impl Iterator<Item = &'static str> {
    let (_, create, read, update, delete) = *row;
    let permissions = match operation {
        Operation::Create => create,
        Operation::Read => read,
        Operation::Update => update,
        Operation::Delete => delete,
    };
    permissions.split_whitespace()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use clouds::conformance::modules;

    use super::*;

    const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../modules/gcp");

    #[test]
    fn the_tables_are_of_what_the_modules_hold() {
        let has = |name: &str, operation| {
            let silent = |(of, operations): &(&str, &[Operation])| {
                *of == name && operations.contains(&operation)
            };
            let row = ROWS.iter().find(|row| row.0 == name);
            let has = row.is_some_and(|row| of(row, operation).next().is_some());
            has != SILENT.iter().any(silent)
        };
        modules::suite(
            Path::new(MODULES),
            made_by,
            |module| types(module).iter().copied().collect(),
            has,
        );
        let held: BTreeSet<_> = Module::ALL.into_iter().flat_map(types).copied().collect();
        let rows: BTreeSet<_> = ROWS.iter().map(|row| row.0).collect();
        assert_eq!(rows, held, "no row is of what no module holds");
        assert_eq!(rows.len(), ROWS.len());
    }

    #[test]
    fn nodes_get_what_the_module_gives_them() {
        let folder = Path::new(MODULES).join("cluster");
        let mut given = BTreeSet::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "tf") {
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            let lines = text.lines().filter(|line| line.contains("for_each"));
            let roles = lines.flat_map(|line| line.split('"'));
            given.extend(
                roles
                    .filter(|role| role.starts_with("roles/"))
                    .map(str::to_owned),
            );
        }
        assert_eq!(given, NODE_ROLES.map(str::to_owned).into());
    }

    #[test]
    fn permissions_have_the_form_of_permissions_and_reading_changes_nothing() {
        for row in &ROWS {
            for operation in Operation::ALL {
                for permission in of(row, operation) {
                    assert_eq!(permission.split('.').count(), 3, "{permission}");
                    let verb = permission.rsplit('.').next().unwrap();
                    let looks = ["get", "list", "getIamPolicy"].contains(&verb);
                    assert!(looks || operation != Operation::Read, "{permission}");
                }
            }
        }
    }
}
