output "service_name" {
  description = "The endpoint service that the vendor connects to."
  value       = dataplane_private_service.this.service_name
}

output "connections" {
  description = "Who asked for a connection, and how it stands: a list of `id`, `owner`, `state`, `addresses`, `created`."
  value       = dataplane_private_service.this.connections
}

output "hand_over" {
  description = "All that the vendor needs, as one object: nothing in it is secret."
  value = {
    service_name   = dataplane_private_service.this.service_name
    server_name    = local.server_name
    ca_certificate = var.cluster.ca_certificate
    region         = var.cluster.region
    cluster        = var.cluster.name
    role_arns      = var.role_arns
  }
}
