output "cluster" {
  description = "The argument `cluster` of resources and modules that work in it."
  value       = { aks = { resource_group = var.resource_group, name = azurerm_kubernetes_cluster.this.name } }
}

output "api" {
  description = "The API as `modules/azure/private-api` takes it: `name`, `resource_group`, `node_resource_group`, `private_fqdn`."
  value = {
    name                = azurerm_kubernetes_cluster.this.name
    resource_group      = var.resource_group
    node_resource_group = azurerm_kubernetes_cluster.this.node_resource_group
    private_fqdn        = azurerm_kubernetes_cluster.this.private_fqdn
  }
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
