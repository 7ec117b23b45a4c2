output "endpoints" {
  description = "Id of each endpoint, by its service."
  value = merge(
    { for service, endpoint in dataplane_private_endpoint.interface : service => endpoint.id },
    { for service, endpoint in dataplane_private_endpoint.gateway : service => endpoint.id },
  )
}

output "addresses" {
  description = "Private addresses of each interface endpoint, by its service, for network policies."
  value       = { for service, endpoint in dataplane_private_endpoint.interface : service => endpoint.addresses }
}

output "prefix_lists" {
  description = "Prefix list of each gateway endpoint, by its service, for rules of security groups."
  value       = { for service, endpoint in dataplane_private_endpoint.gateway : service => endpoint.prefix_list }
}

output "network" {
  description = "The network as it was given, once the endpoints are there: what is made in it by this finds them."
  value       = var.network

  depends_on = [dataplane_private_endpoint.interface, dataplane_private_endpoint.gateway]
}
