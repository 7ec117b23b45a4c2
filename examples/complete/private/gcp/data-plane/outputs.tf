output "storage" {
  description = "Buckets of the data plane."
  value       = module.gcp.storage
}

output "namespaces" {
  description = "Namespace of each workspace."
  value       = module.operator.namespaces
}
