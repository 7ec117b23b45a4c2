output "storage" {
  description = "Buckets of the data plane."
  value       = module.aws.storage
}

output "namespaces" {
  description = "Namespace of each workspace."
  value       = module.operator.namespaces
}
