data "dataplane_permissions" "this" {
  buckets = ["acmeprodmeta/metadata", "acmeprodfast/fast-registration"]
  secrets = "acme-vault/"
}

# For whoever runs Terraform: all of it, or cut by what a team may manage.
output "runner" {
  value = data.dataplane_permissions.this.policy
}

output "buckets_only" {
  value = data.dataplane_permissions.this.by_resource["bucket"]
}

# For a reviewer, or a team that makes the roles itself.
output "roles" {
  value = data.dataplane_permissions.this.profiles
}
