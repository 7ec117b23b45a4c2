data "dataplane_permissions" "this" {
  buckets  = ["acmeprodmeta/metadata", "acmeprodfast/fast-registration"]
  logs     = ["acme-prod"]
  registry = "acmeprodtasks"
}

# For whoever runs Terraform: all of it, or cut by what a team may manage. A role of Azure names actions and no objects, so it
# is assigned at the resource group.
output "runner" {
  value = data.dataplane_permissions.this.policy
}

output "buckets_only" {
  value = data.dataplane_permissions.this.by_resource["bucket"]
}

# For a vendor that comes to upgrade the data plane, and for one that looks when something is broken.
output "vendor" {
  value = {
    maintain    = data.dataplane_permissions.this.by_access["maintain"]
    break_glass = data.dataplane_permissions.this.by_access["break_glass"]
  }
}

# For a reviewer, or a team that makes the roles itself.
output "roles" {
  value = data.dataplane_permissions.this.profiles
}

# For whoever applies modules/azure/network and then modules/azure/endpoints: one role for both.
data "dataplane_permissions" "network" {
  module = ["network", "endpoints"]
}

output "network_modules" {
  value = data.dataplane_permissions.network.by_operation
}
