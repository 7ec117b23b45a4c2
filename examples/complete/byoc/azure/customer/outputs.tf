output "customer" {
  description = "What is handed over to the vendor; nothing in it is secret."
  value = merge(module.private_api.hand_over, {
    name                      = var.name
    tenant_id                 = data.azurerm_client_config.this.tenant_id
    subscription_id           = var.subscription_id
    location                  = var.location
    data_plane_resource_group = azurerm_resource_group.data_plane.name
    principal_ids             = module.vendor_access.principal_ids
    issuer                    = data.azurerm_kubernetes_cluster.this.oidc_issuer_url
  })

  # What the vendor is told of is there for it to use.
  depends_on = [module.vendor_access]
}

output "break_glass" {
  description = "What who is on call signs in with: the client id, and what its token is made out for."
  value = {
    client_id = try(module.vendor_access.client_ids["break_glass"], null)
    audience  = module.vendor_access.audience
  }
}

output "break_glass_open" {
  description = "Whether what was planned last has the window open: as long as it is true after `not_after`, apply again."
  value       = module.vendor_access.break_glass_open
}

output "connections" {
  description = "Who asked to be let in, and how it stands."
  value       = module.private_api.connections
}
