output "manifests" {
  description = "What is committed as operator/manifests.yaml."
  value       = data.dataplane_manifests.this.yaml
}

output "user_role" {
  description = "Cloud role of task pods, for whoever makes workspaces."
  value       = { irsa = module.aws.roles["user"].irsa }
}
