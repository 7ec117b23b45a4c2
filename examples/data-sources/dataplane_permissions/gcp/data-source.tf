data "dataplane_permissions" "this" {
  buckets = ["acme-prod-metadata", "acme-prod-fast-registration"]
  secrets = "acme-prod-"

  # Whoever runs Terraform touches nothing that is called otherwise.
  names = {
    role      = ["adminflyterole", "userflyterole", "acme-prod-*"]
    registry  = ["acme-prod"]
    log_group = ["acme-prod"]
    cluster   = ["prod"]
  }
}

# For whoever runs Terraform: all of it, or cut by what a team may manage.
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

# For whoever applies modules/gcp/cluster: what the module makes with other providers, by step.
data "dataplane_permissions" "cluster" {
  module = ["cluster"]
}

output "cluster_module" {
  value = data.dataplane_permissions.cluster.by_operation
}
