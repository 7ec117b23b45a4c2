output "cluster_endpoint" {
  description = "The address of the endpoint, and the name that the API's certificate has: what `kubectl --server` and `--tls-server-name` take."
  value = {
    # By the API's own name, which the zone leads to the endpoint, where it has no address yet.
    host        = "https://${try(dataplane_private_endpoint.this.addresses[0], var.customer.server_name)}"
    server_name = var.customer.server_name
  }
}

output "connection" {
  description = "What the customer writes into `accepted_connections`."
  value       = dataplane_private_endpoint.this.connection_id
}
