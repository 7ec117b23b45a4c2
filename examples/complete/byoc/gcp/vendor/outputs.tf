output "endpoint" {
  description = "Addresses in the vendor's network by which the customer's API is reached."
  value       = module.endpoint.addresses
}

output "namespaces" {
  description = "Namespace of each workspace."
  value       = module.operator.namespaces
}
