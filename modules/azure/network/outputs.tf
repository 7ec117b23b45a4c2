output "network" {
  description = "The network as the other modules take it: `id`, `cidr`, `subnet_ids` (of nodes), `api_subnet_id`, `endpoint_subnet_id`, `link_subnet_id` (for services published here), `nat`."
  value = {
    id                 = azurerm_virtual_network.this.id
    cidr               = var.cidr
    subnet_ids         = [azurerm_subnet.nodes.id]
    api_subnet_id      = azurerm_subnet.api.id
    endpoint_subnet_id = azurerm_subnet.endpoints.id
    link_subnet_id     = azurerm_subnet.published.id
    nat                = var.nat
  }

  precondition {
    condition     = length(local.overlaps) == 0
    error_message = "${join("; ", local.overlaps)}: choose ranges that do not, since routes cannot tell them apart."
  }

  # Who takes the network takes it with its rules.
  depends_on = [azurerm_subnet_network_security_group_association.nodes, azurerm_subnet_nat_gateway_association.nodes]
}
