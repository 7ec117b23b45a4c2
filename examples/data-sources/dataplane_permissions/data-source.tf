data "dataplane_permissions" "this" {}

# For review, or for a team that keeps IAM in its own hands.
output "documents" {
  value = data.dataplane_permissions.this
}
