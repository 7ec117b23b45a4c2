output "bucket" {
  description = "Bucket of the tenant's metadata."
  value       = dataplane_bucket.metadata.id
}

output "role_arn" {
  description = "Role of task pods."
  value       = dataplane_role.user.principal
}
