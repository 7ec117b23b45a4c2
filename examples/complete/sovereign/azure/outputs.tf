output "service" {
  description = "What the gateway's Service of type LoadBalancer takes."
  value       = module.sovereign.service
}

output "control_plane_ranges" {
  description = "The only ranges of the internet that the operator may reach."
  value       = local.control_plane.cidrs
}
