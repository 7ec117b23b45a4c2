data "dataplane_permissions" "this" {
  buckets = ["acme-prod-metadata", "acme-prod-fast-registration"]
  secrets = "acme-prod/"
}

# For whoever runs Terraform: all of it, and what a plan alone needs.
output "apply" {
  value = data.dataplane_permissions.this.policy
}

output "plan" {
  value = data.dataplane_permissions.this.by_operation["read"]
}

# For a reviewer, or a team that makes the roles itself.
output "roles" {
  value = data.dataplane_permissions.this.profiles
}
