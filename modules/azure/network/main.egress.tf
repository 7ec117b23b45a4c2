locals {
  limited = local.make && var.egress.mode == "limited"

  # Azure's own services, by the names that its firewalls know them by. Entra has no private endpoints, and nodes start from Microsoft's
  # registry, whose layers come over Front Door.
  services = ["AzureActiveDirectory", "AzureContainerRegistry.${var.location}", "AzureFrontDoor.FirstParty", "AzureKeyVault.${var.location}", "AzureMonitor", "AzureResourceManager", "MicrosoftContainerRegistry", "Storage.${var.location}"]

  edges = {
    control-plane = data.dataplane_network_ranges.this.cloudflare
    tunnel        = data.dataplane_network_ranges.this.tunnel
  }

  allowed = concat(
    [{ name = "to-the-network", tag = null, cidrs = [var.cidr, var.egress.pods], ports = null, protocol = "*" }],
    [for service in local.services : { name = "to-${replace(lower(service), ".", "-")}", tag = service, cidrs = null, ports = ["443"], protocol = "Tcp" }],
    [
      for name, to in merge({ for name, edge in local.edges : name => { cidrs = edge.ipv4, ports = edge.ports } }, var.egress.allowed) :
      # The tunnel prefers QUIC.
      { name = "to-${name}", tag = null, cidrs = to.cidrs, ports = [for port in to.ports : tostring(port)], protocol = name == "tunnel" ? "*" : "Tcp" }
    ],
  )
  denied = { name = "nothing-else", tag = "*", cidrs = null, ports = null, protocol = "*" }

  outbound = [
    for index, rule in concat(local.allowed, [local.denied]) : {
      name                                       = rule.name
      description                                = null
      priority                                   = rule.name == local.denied.name ? 4096 : 100 + index
      direction                                  = "Outbound"
      access                                     = rule.name == local.denied.name ? "Deny" : "Allow"
      protocol                                   = rule.protocol
      source_address_prefix                      = "*"
      source_address_prefixes                    = null
      source_application_security_group_ids      = null
      source_port_range                          = "*"
      source_port_ranges                         = null
      destination_address_prefix                 = rule.tag
      destination_address_prefixes               = rule.cidrs
      destination_application_security_group_ids = null
      destination_port_range                     = rule.ports == null ? "*" : null
      destination_port_ranges                    = rule.ports
    }
  ]
}

# No inbound rule: what Azure adds lets in the network, what is peered with it and Azure's load balancers, and nothing from the internet.
resource "azurerm_network_security_group" "nodes" {
  count = local.make ? 1 : 0

  name                = "${var.name}-nodes"
  resource_group_name = var.resource_group
  location            = var.location
  tags                = var.tags

  # Said also where there are none: rules that are left unsaid stay as they were.
  security_rule = [for rule in local.outbound : rule if local.limited]
}
