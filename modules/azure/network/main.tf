data "dataplane_network_ranges" "this" {}

locals {
  make = var.existing == null

  subnets = {
    nodes     = cidrsubnet(var.cidr, 3, 0)
    endpoints = cidrsubnet(var.cidr, 8, 32)
    published = cidrsubnet(var.cidr, 8, 33)
    api       = cidrsubnet(var.cidr, 12, 544)
  }

  cidrs = local.make ? [var.cidr] : data.azurerm_virtual_network.existing[0].address_space

  overlaps = flatten([
    for what, range in var.other_ranges : [for pair in provider::dataplane::cidr_overlaps(local.cidrs, [range]) : "${pair} of ${what}"]
  ])
}

resource "azurerm_virtual_network" "this" {
  count = local.make ? 1 : 0

  name                = var.name
  resource_group_name = var.resource_group
  location            = var.location
  address_space       = [var.cidr]
  tags                = var.tags
}

resource "azurerm_subnet" "nodes" {
  count = local.make ? 1 : 0

  name                            = "nodes"
  resource_group_name             = var.resource_group
  virtual_network_name            = azurerm_virtual_network.this[0].name
  address_prefixes                = [local.subnets.nodes]
  default_outbound_access_enabled = false
}

# The security groups of nodes hold for the endpoints too, which they do not by themselves.
resource "azurerm_subnet" "endpoints" {
  count = local.make ? 1 : 0

  name                              = "endpoints"
  resource_group_name               = var.resource_group
  virtual_network_name              = azurerm_virtual_network.this[0].name
  address_prefixes                  = [local.subnets.endpoints]
  default_outbound_access_enabled   = false
  private_endpoint_network_policies = "NetworkSecurityGroupEnabled"
}

# Private Link services take their addresses from it, which Azure allows without its own policies only.
resource "azurerm_subnet" "published" {
  count = local.make ? 1 : 0

  name                                          = "published"
  resource_group_name                           = var.resource_group
  virtual_network_name                          = azurerm_virtual_network.this[0].name
  address_prefixes                              = [local.subnets.published]
  default_outbound_access_enabled               = false
  private_link_service_network_policies_enabled = false
}

resource "azurerm_subnet" "api" {
  count = local.make ? 1 : 0

  name                 = "api-server"
  resource_group_name  = var.resource_group
  virtual_network_name = azurerm_virtual_network.this[0].name
  address_prefixes     = [local.subnets.api]

  delegation {
    name = "aks"

    service_delegation {
      name    = "Microsoft.ContainerService/managedClusters"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_network_security_group" "endpoints" {
  count = local.make ? 1 : 0

  name                = "${var.name}-endpoints"
  resource_group_name = var.resource_group
  location            = var.location
  tags                = var.tags

  security_rule {
    name                       = "https-from-the-network"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefix      = var.cidr
    source_port_range          = "*"
    destination_address_prefix = local.subnets.endpoints
    destination_port_range     = "443"
  }

  security_rule {
    name                       = "nothing-else"
    priority                   = 4096
    direction                  = "Inbound"
    access                     = "Deny"
    protocol                   = "*"
    source_address_prefix      = "*"
    source_port_range          = "*"
    destination_address_prefix = "*"
    destination_port_range     = "*"
  }
}

resource "azurerm_subnet_network_security_group_association" "nodes" {
  count = local.make ? 1 : 0

  subnet_id                 = azurerm_subnet.nodes[0].id
  network_security_group_id = azurerm_network_security_group.nodes[0].id
}

resource "azurerm_subnet_network_security_group_association" "endpoints" {
  count = local.make ? 1 : 0

  subnet_id                 = azurerm_subnet.endpoints[0].id
  network_security_group_id = azurerm_network_security_group.endpoints[0].id
}

resource "azurerm_public_ip" "nat" {
  count = local.make && var.nat ? 1 : 0

  name                = "${var.name}-nat"
  resource_group_name = var.resource_group
  location            = var.location
  allocation_method   = "Static"
  sku                 = "Standard"
  tags                = var.tags
}

resource "azurerm_nat_gateway" "this" {
  count = local.make && var.nat ? 1 : 0

  name                = var.name
  resource_group_name = var.resource_group
  location            = var.location
  sku_name            = "Standard"
  tags                = var.tags
}

resource "azurerm_nat_gateway_public_ip_association" "this" {
  count = local.make && var.nat ? 1 : 0

  nat_gateway_id       = azurerm_nat_gateway.this[0].id
  public_ip_address_id = azurerm_public_ip.nat[0].id
}

resource "azurerm_subnet_nat_gateway_association" "nodes" {
  count = local.make && var.nat ? 1 : 0

  subnet_id      = azurerm_subnet.nodes[0].id
  nat_gateway_id = azurerm_nat_gateway.this[0].id
}

resource "azurerm_network_watcher_flow_log" "this" {
  count = local.make && var.flow_logs != null ? 1 : 0

  name                 = var.name
  network_watcher_name = coalesce(var.flow_logs.network_watcher, "NetworkWatcher_${var.location}")
  resource_group_name  = var.flow_logs.network_watcher_resource_group
  location             = var.location
  target_resource_id   = azurerm_virtual_network.this[0].id
  storage_account_id   = var.flow_logs.storage_account_id
  enabled              = true
  version              = 2
  tags                 = var.tags

  retention_policy {
    enabled = true
    days    = var.flow_logs.retention_days
  }
}
