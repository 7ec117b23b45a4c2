output "id" {
  description = "Id of the operator, for workspaces made elsewhere."
  value       = dataplane_operator.this.id
}

output "version" {
  description = "Version of the operator that runs."
  value       = dataplane_operator.this.version
}

output "cluster_uid" {
  description = "The cluster's identity: the uid of its `kube-system` namespace."
  value       = dataplane_operator.this.cluster_uid
}

output "namespaces" {
  description = "Namespace of each workspace, by its name."
  value       = { for name, workspace in dataplane_workspace.this : name => workspace.namespace }
}
