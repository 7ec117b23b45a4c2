output "namespace" {
  description = "Where the project's tasks run."
  value       = dataplane_workspace.fraud_production.namespace
}
