locals {
  limited = local.make && var.egress.mode == "limited"

  # Azure's own services, by the names that its firewalls know them by. Entra has no private endpoints, and nodes start from Microsoft's
  # registry, whose layers come over Front Door. The others may have endpoints, and their names are those of everybody's in the region.
  public = { registry = "AzureContainerRegistry", storage = "Storage", vault = "AzureKeyVault" }
  services = concat(
    ["AzureActiveDirectory", "AzureFrontDoor.FirstParty", "AzureMonitor", "AzureResourceManager", "MicrosoftContainerRegistry"],
    [for service, tag in local.public : "${tag}.${var.location}" if contains(var.egress.services, service)],
  )

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

  # By priority: each rule is a call of its own, and Azure refuses two of one priority. So a rule keeps its place, and what is there changes.
  outbound = merge(
    { for index, rule in local.allowed : "out-${100 + index}" => merge(rule, { priority = 100 + index, access = "Allow" }) },
    { for rule in [local.denied] : "out-4096" => merge(rule, { priority = 4096, access = "Deny" }) },
  )
}

# No inbound rule: what Azure adds lets in the network, what is peered with it and Azure's load balancers, and nothing from the internet.
# No rule in line either: those that others add to the group, as modules/azure/sovereign does, would be taken out with each apply.
resource "azurerm_network_security_group" "nodes" {
  count = local.make ? 1 : 0

  name                = "${var.name}-nodes"
  resource_group_name = var.resource_group
  location            = var.location
  tags                = var.tags
}

resource "azurerm_network_security_rule" "nodes" {
  for_each = { for name, rule in local.outbound : name => rule if local.limited }

  name                         = each.key
  description                  = each.value.name
  resource_group_name          = var.resource_group
  network_security_group_name  = azurerm_network_security_group.nodes[0].name
  priority                     = each.value.priority
  direction                    = "Outbound"
  access                       = each.value.access
  protocol                     = each.value.protocol
  source_address_prefix        = "*"
  source_port_range            = "*"
  destination_address_prefix   = each.value.tag
  destination_address_prefixes = each.value.cidrs
  destination_port_range       = each.value.ports == null ? "*" : null
  destination_port_ranges      = each.value.ports
}
