locals {
  network_name = element(split("/", var.network.id), 8)
  group_name   = element(split("/", var.network.nodes_security_group_id), 8)

  # Who comes by a private connection comes with an address of the subnet for it.
  sources = setunion(var.client_ranges, var.offices == null ? [] : [var.offices.nat_range])

  # In this order: who is let in, then that nobody else is. Azure's own rules after them let in what is peered with the network. A Service of
  # type LoadBalancer is at a port of each node as well, where Azure's probes ask for it, and whose source ranges do not hold there.
  rules = {
    clients    = { access = "Allow", protocol = "Tcp", tag = null, from = local.sources, to = var.range, ports = "443" }
    others     = { access = "Deny", protocol = "*", tag = "*", from = null, to = var.range, ports = "*" }
    probes     = { access = "Allow", protocol = "*", tag = "AzureLoadBalancer", from = null, to = "*", ports = local.node_ports }
    nodes      = { access = "Allow", protocol = "*", tag = null, from = toset(var.network.nodes_ranges), to = "*", ports = local.node_ports }
    node-ports = { access = "Deny", protocol = "*", tag = "*", from = null, to = "*", ports = local.node_ports }
  }
  order      = ["clients", "others", "probes", "nodes", "node-ports"]
  node_ports = "30000-32767"
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
  priority                    = var.priority + index(local.order, each.key)
  direction                   = "Inbound"
  access                      = each.value.access
  protocol                    = each.value.protocol
  source_port_range           = "*"
  source_address_prefix       = each.value.tag
  source_address_prefixes     = each.value.from
  destination_address_prefix  = each.value.to
  destination_port_range      = each.value.ports
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
