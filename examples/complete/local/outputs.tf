output "storage" {
  description = "The two buckets."
  value       = module.aws.storage
}

output "roles" {
  description = "ARN of each role, by profile."
  value       = module.aws.principals
}

output "registry" {
  description = "Where images are pushed."
  value       = module.aws.registry
}

output "operator" {
  description = "Id of the operator."
  value       = module.operator.id
}

output "namespaces" {
  description = "Namespace of each workspace."
  value       = module.operator.namespaces
}
