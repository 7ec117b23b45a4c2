output "connection" {
  description = "What the customer writes into `accepted_connections`."
  value       = module.private_api.connection
}

output "cluster" {
  description = "How the cluster is reached from the vendor's network, as `cluster` of the provider's resources takes it."
  value       = local.cluster
}

output "namespaces" {
  description = "Namespace of each workspace."
  value       = module.operator.namespaces
}
