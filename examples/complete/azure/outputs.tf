output "storage" {
  description = "The two buckets."
  value       = module.azure.storage
}

output "roles" {
  description = "Object (principal) id of each managed identity, by profile."
  value       = module.azure.principals
}

output "namespaces" {
  description = "Namespace of each workspace."
  value       = module.operator.namespaces
}
