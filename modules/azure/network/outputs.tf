output "network" {
  description = "The network as the other modules take it: `id`, `cidr`, `subnet_ids` (of nodes), `api_subnet_id`, `endpoint_subnet_id`, `link_subnet_id` (for services published here), `nodes_ranges` (of their subnet), `nodes_security_group_id` (whose rules hold for the nodes), `nat`, `limited` (whether nodes reach what is listed only)."
  value = {
    id                      = local.make ? azurerm_virtual_network.this[0].id : data.azurerm_virtual_network.existing[0].id
    cidr                    = local.make ? var.cidr : data.azurerm_virtual_network.existing[0].address_space[0]
    subnet_ids              = [local.make ? azurerm_subnet.nodes[0].id : data.azurerm_subnet.existing["nodes"].id]
    api_subnet_id           = local.make ? azurerm_subnet.api[0].id : data.azurerm_subnet.existing["api"].id
    endpoint_subnet_id      = local.make ? azurerm_subnet.endpoints[0].id : data.azurerm_subnet.existing["endpoints"].id
    link_subnet_id          = local.make ? azurerm_subnet.published[0].id : try(data.azurerm_subnet.existing["published"].id, null)
    nodes_ranges            = local.make ? [local.subnets.nodes] : data.azurerm_subnet.existing["nodes"].address_prefixes
    nodes_security_group_id = local.make ? azurerm_network_security_group.nodes[0].id : data.azurerm_subnet.existing["nodes"].network_security_group_id
    nat                     = local.make ? var.nat : try(var.existing.nat, false)
    limited                 = local.limited
  }

  precondition {
    condition     = length(local.elsewhere) == 0
    error_message = "The network lies in ${join(", ", local.elsewhere)}, and ${var.location} is wanted: clusters and endpoints are in the region of their network."
  }

  precondition {
    condition     = !local.deaf
    error_message = "The network asks ${join(", ", local.resolvers)} for names, which know no private zones unless they forward to 168.63.129.16: have them do so and set dns_forwards = true, or use Azure's own."
  }

  precondition {
    condition     = length(local.outward) == 0
    error_message = "${join(", ", local.outward)} have Azure's default way out to the internet: switch it off (default_outbound_access_enabled = false)."
  }

  precondition {
    condition     = length(local.unguarded) == 0
    error_message = "${join(", ", local.unguarded)} have no network security group: without one nothing says what comes in."
  }

  precondition {
    condition     = length(local.open) == 0
    error_message = "${join(", ", local.open)} let the internet in: nobody has to come from there, the vendor included."
  }

  precondition {
    condition     = length(local.unheeded) == 0
    error_message = "Endpoints in ${join(", ", local.unheeded)} heed no security group: set private_endpoint_network_policies = \"NetworkSecurityGroupEnabled\"."
  }

  precondition {
    condition     = length(local.unlinked) == 0
    error_message = "${join(", ", local.unlinked)} takes no Private Link services: set private_link_service_network_policies_enabled = false."
  }

  precondition {
    condition     = length(local.small) == 0
    error_message = "${join(", ", local.small)} are smaller than a /28, which AKS wants of the API server's subnet, and nodes need more than that."
  }

  precondition {
    condition     = length(local.overlaps) == 0
    error_message = "${join("; ", local.overlaps)}: choose ranges that do not, since routes cannot tell them apart."
  }

  # Who takes the network takes it with its rules.
  depends_on = [azurerm_network_security_rule.nodes, azurerm_subnet_network_security_group_association.nodes, azurerm_subnet_nat_gateway_association.nodes]
}
