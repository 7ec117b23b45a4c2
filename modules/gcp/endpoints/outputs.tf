output "endpoint" {
  description = "Name of the endpoint."
  value       = dataplane_private_endpoint.this.id
}

output "addresses" {
  description = "Its address, for network policies and firewall rules."
  value       = dataplane_private_endpoint.this.addresses
}

output "network" {
  description = "The network as it was given, once the endpoint and its names are there: what is made in it by this finds them."
  value       = var.network

  depends_on = [dataplane_private_endpoint.this, google_compute_firewall.this, google_dns_record_set.apex, google_dns_record_set.below]
}
