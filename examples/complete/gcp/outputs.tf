output "storage" {
  description = "The two buckets."
  value       = module.gcp.storage
}

output "roles" {
  description = "E-mail address of each service account, by profile."
  value       = module.gcp.principals
}

output "namespaces" {
  description = "Namespace of each workspace."
  value       = module.operator.namespaces
}
