output "storage" {
  description = "Buckets of the data plane."
  value       = module.azure.storage
}

output "endpoints" {
  description = "Addresses of the endpoints, by what they lead to."
  value       = module.endpoints.addresses
}

output "namespaces" {
  description = "Namespace of each workspace."
  value       = module.operator.namespaces
}
