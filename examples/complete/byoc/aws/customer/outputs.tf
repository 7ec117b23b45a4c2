output "customer" {
  description = "What is handed over to the vendor; nothing in it is secret."
  value = merge(module.private_api.hand_over, {
    account_id           = var.account_id
    name                 = var.name
    issuer               = data.aws_eks_cluster.this.identity[0].oidc[0].issuer
    permissions_boundary = module.vendor_access.permissions_boundary
  })

  # What the vendor is told of is there for it to use.
  depends_on = [module.vendor_access]
}

output "connections" {
  description = "Who asked to be let in, and how it stands."
  value       = module.private_api.connections
}

output "break_glass_open" {
  description = "Whether a window is set in which the vendor may take `break_glass`."
  value       = module.vendor_access.break_glass_open
}
