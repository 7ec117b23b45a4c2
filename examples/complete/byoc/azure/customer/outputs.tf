output "customer" {
  description = "What is handed over to the vendor; nothing in it is secret."
  value = merge(module.private_api.hand_over, {
    name                      = var.name
    tenant_id                 = data.azurerm_client_config.this.tenant_id
    subscription_id           = var.subscription_id
    location                  = var.location
    data_plane_resource_group = azurerm_resource_group.data_plane.name
    issuer                    = data.azurerm_kubernetes_cluster.this.oidc_issuer_url
  })

  # What the vendor is told of is there for it to use.
  depends_on = [azurerm_role_assignment.vendor, azurerm_role_assignment.vendor_in_cluster]
}

output "connections" {
  description = "Who asked to be let in, and how it stands."
  value       = module.private_api.connections
}
