output "connection" {
  description = "What the customer writes into `accepted_connections`."
  value       = module.private_api.connection
}

output "namespaces" {
  description = "Namespace of each workspace."
  value       = module.operator.namespaces
}
