locals {
  network_name = element(split("/", var.network.id), 8)
  group_name   = element(split("/", var.network.nodes_security_group_id), 8)

  # Who comes by a private connection comes with an address of the subnet for it.
  sources = setunion(var.client_ranges, var.offices == null ? [] : [var.offices.nat_range])

  # In this order: who is let in, then that nobody else is. Azure's own rules after them let in what is peered with the network.
  rules = {
    clients = { access = "Allow", protocol = "Tcp", port = "443", priority = var.priority, from = local.sources }
    others  = { access = "Deny", protocol = "*", port = "*", priority = var.priority + 1, from = null }
  }
}

# The balancer's address is apart, so that rules can name it: packets reach the nodes with it.
resource "azurerm_subnet" "this" {
  name                            = "${var.name}-sovereign"
  resource_group_name             = var.resource_group
  virtual_network_name            = local.network_name
  address_prefixes                = [var.range]
  default_outbound_access_enabled = false
}

resource "azurerm_role_assignment" "this" {
  scope                = azurerm_subnet.this.id
  role_definition_name = "Network Contributor"
  principal_id         = var.cluster_principal_id
}

# Balancers have no rules of their own; those of the nodes' subnet hold.
resource "azurerm_network_security_rule" "this" {
  for_each = local.rules

  name                        = "${var.name}-sovereign-${each.key}"
  resource_group_name         = var.resource_group
  network_security_group_name = local.group_name
  priority                    = each.value.priority
  direction                   = "Inbound"
  access                      = each.value.access
  protocol                    = each.value.protocol
  source_port_range           = "*"
  source_address_prefix       = each.value.from == null ? "*" : null
  source_address_prefixes     = each.value.from
  destination_address_prefix  = var.range
  destination_port_range      = each.value.port
}

resource "dataplane_private_service" "this" {
  count = var.offices == null ? 0 : 1

  name                 = "${var.name}-sovereign"
  load_balancer        = var.offices.load_balancer
  subnets              = [var.network.link_subnet_id]
  allowed_principals   = var.offices.allowed_principals
  accepted_connections = var.offices.accepted_connections
  rejected_connections = var.offices.rejected_connections
  auto_accept          = var.offices.auto_accept
  force_destroy        = var.offices.force_destroy
  tags                 = var.tags

  lifecycle {
    precondition {
      condition     = var.network.link_subnet_id != null
      error_message = "A service is published from a subnet for it: give network.link_subnet_id."
    }
  }
}
