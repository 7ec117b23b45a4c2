output "manifests" {
  description = "What is committed as operator/manifests.yaml."
  value       = data.dataplane_manifests.this.yaml
}
