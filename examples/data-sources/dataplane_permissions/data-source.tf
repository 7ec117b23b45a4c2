data "dataplane_permissions" "this" {
  # A data plane; whoever makes its private connections needs rights of EC2 beside them.
  resources = ["bucket", "identity_provider", "role", "registry", "log_group", "secret", "cluster"]

  buckets = ["acme-prod-metadata", "acme-prod-fast-registration"]
  secrets = "acme-prod/"

  # Whoever runs Terraform touches nothing that is called otherwise.
  names = {
    role      = ["adminflyterole", "userflyterole", "acme-prod-builder", "acme-prod-log-writer"]
    registry  = ["acme-prod"]
    log_group = ["/dataplane/acme-prod"]
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

# For whoever applies modules/aws/cluster: what the module makes with other providers, by step.
data "dataplane_permissions" "cluster" {
  module = ["cluster"]

  names = {
    cluster   = ["acme-prod"]
    role      = ["acme-prod-cluster", "acme-prod-nodes"]
    log_group = ["/aws/eks/acme-prod/cluster"]
  }
}

output "cluster_module" {
  value = data.dataplane_permissions.cluster.by_operation
}
