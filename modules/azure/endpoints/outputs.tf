output "endpoints" {
  description = "Name of each endpoint, by what it leads to."
  value       = { for name, endpoint in dataplane_private_endpoint.this : name => endpoint.id }
}

output "addresses" {
  description = "Private addresses of each endpoint, by what it leads to, for network policies and security groups."
  value       = { for name, endpoint in dataplane_private_endpoint.this : name => endpoint.addresses }
}

output "zones" {
  description = "Id of each zone, by its name, for further endpoints."
  value       = local.zone_ids
}
