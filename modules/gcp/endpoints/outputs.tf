output "endpoint" {
  description = "Name of the endpoint."
  value       = dataplane_private_endpoint.this.id
}

output "addresses" {
  description = "Its address, for network policies and firewall rules."
  value       = dataplane_private_endpoint.this.addresses
}
