output "cluster" {
  description = "The argument `cluster` of resources and modules that work in it."
  value       = { aks = { resource_group = var.resource_group, name = azurerm_kubernetes_cluster.this.name } }
}

output "issuer" {
  description = "The OIDC issuer, for `trust.azure` of `modules/azure`."
  value       = azurerm_kubernetes_cluster.this.oidc_issuer_url
}

output "node_resource_group" {
  description = "Resource group that AKS keeps its own objects in, the API server's internal load balancer among them."
  value       = azurerm_kubernetes_cluster.this.node_resource_group
}

output "private_fqdn" {
  description = "The API's host name."
  value       = azurerm_kubernetes_cluster.this.private_fqdn
}
