output "storage" {
  description = "The two buckets."
  value       = module.aws.storage
}

output "roles" {
  description = "ARN of each role, by profile."
  value       = module.aws.principals
}

output "namespaces" {
  description = "Namespace of each workspace."
  value       = module.operator.namespaces
}
