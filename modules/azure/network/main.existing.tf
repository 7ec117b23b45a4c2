# What is brought along is read, so that the outputs can refuse what would fail later, with less to go by.

data "azurerm_virtual_network" "existing" {
  count = local.make ? 0 : 1

  name                = var.existing.virtual_network
  resource_group_name = coalesce(var.existing.resource_group, var.resource_group)
}

data "azurerm_subnet" "existing" {
  for_each = local.make ? {} : { for use, name in var.existing.subnets : use => name if name != null }

  name                 = each.value
  virtual_network_name = var.existing.virtual_network
  resource_group_name  = coalesce(var.existing.resource_group, var.resource_group)
}

locals {
  guarded = { for use, subnet in data.azurerm_subnet.existing : use => split("/", subnet.network_security_group_id) if contains(["nodes", "endpoints"], use) && subnet.network_security_group_id != "" }
}

data "azurerm_network_security_group" "existing" {
  for_each = local.guarded

  name                = each.value[8]
  resource_group_name = each.value[4]
}

locals {
  elsewhere = [for network in data.azurerm_virtual_network.existing : network.location if replace(lower(network.location), " ", "") != var.location]
  # Private zones are answered by Azure's own resolver.
  resolvers = flatten([for network in data.azurerm_virtual_network.existing : network.dns_servers])
  deaf      = length(local.resolvers) > 0 && !contains(local.resolvers, "168.63.129.16") && !try(var.existing.dns_forwards, false)

  outward   = [for use, subnet in data.azurerm_subnet.existing : subnet.name if subnet.default_outbound_access_enabled && contains(["nodes", "endpoints"], use)]
  unguarded = local.make ? [] : [for use in ["nodes", "endpoints"] : var.existing.subnets[use] if !contains(keys(local.guarded), use)]
  unheeded  = [for use, subnet in data.azurerm_subnet.existing : subnet.name if use == "endpoints" && !contains(["Enabled", "NetworkSecurityGroupEnabled"], subnet.private_endpoint_network_policies)]
  unlinked  = [for use, subnet in data.azurerm_subnet.existing : subnet.name if use == "published" && subnet.private_link_service_network_policies_enabled]
  small     = [for use, subnet in data.azurerm_subnet.existing : subnet.name if tonumber(split("/", subnet.address_prefixes[0])[1]) > 28]
  open = flatten([
    for use, group in data.azurerm_network_security_group.existing : [
      for rule in group.security_rule : "${rule.name} of ${group.name}"
      if rule.direction == "Inbound" && rule.access == "Allow" && length(setintersection(["*", "0.0.0.0/0", "any", "internet"], [for source in concat([rule.source_address_prefix], tolist(rule.source_address_prefixes)) : lower(coalesce(source, "none"))])) > 0
    ]
  ])
}
