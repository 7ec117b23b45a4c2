output "service_name" {
  description = "Id of the Private Link service that the vendor connects to."
  value       = dataplane_private_service.this.service_name
}

output "alias" {
  description = "Another name of the service, which tells the vendor nothing of the subscription."
  value       = dataplane_private_service.this.alias
}

output "connections" {
  description = "Who asked for a connection, and how it stands: a list of `id`, `owner`, `state`, `addresses`, `created`."
  value       = dataplane_private_service.this.connections
}

output "hand_over" {
  description = "All that the vendor needs, as one object: nothing in it is secret."
  value = {
    service_name   = dataplane_private_service.this.service_name
    server_name    = var.cluster.private_fqdn
    resource_group = var.cluster.resource_group
    cluster        = var.cluster.name
  }
}
