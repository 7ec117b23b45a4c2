output "cluster" {
  description = "The argument `cluster` of resources and modules that work in it."
  value       = { gke = { project = var.project, location = var.network.region, name = google_container_cluster.this.name } }
}

output "dns_endpoint" {
  description = "Host of the API's DNS endpoint, which answers outside of the network where `dns_endpoint` says so."
  value       = google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint
}

output "pool" {
  description = "The workload identity pool, for `trust.gke` of `modules/gcp`."
  value       = "${var.project}.svc.id.goog"
}

output "kms_key" {
  description = "Id of the key that encrypts Kubernetes' secrets."
  value       = local.kms_key
}
