locals {
  # A private cluster of the older kind is its own service, of which this is the part.
  own_service = can(regex("(?i)/Microsoft\\.ContainerService/managedClusters/[^/]+$", var.customer.service_name))
}

resource "dataplane_private_endpoint" "this" {
  name            = "${var.name}-api"
  service_name    = var.customer.service_name
  subnets         = [var.network.endpoint_subnet_id]
  sub_resources   = local.own_service ? ["management"] : null
  request_message = var.request_message
  tags            = var.tags

  timeouts = { create = var.acceptance_timeout, update = var.acceptance_timeout }

  lifecycle {
    # What depends on the way does not start before it is open.
    postcondition {
      condition     = self.state == "available"
      error_message = coalesce(self.remedy, "The endpoint is not available yet.")
    }
  }
}

# The API's own host name leads to the endpoint in this network, and stays what it is elsewhere: a zone of that one name, beside those
# of other customers.
resource "azurerm_private_dns_zone" "this" {
  count = var.dns ? 1 : 0

  name                = lower(var.customer.server_name)
  resource_group_name = var.resource_group
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  count = var.dns ? 1 : 0

  name                  = "${var.name}-api"
  resource_group_name   = var.resource_group
  private_dns_zone_name = azurerm_private_dns_zone.this[0].name
  virtual_network_id    = var.network.id
  tags                  = var.tags
}

resource "azurerm_private_dns_a_record" "this" {
  count = var.dns ? 1 : 0

  name                = "@"
  resource_group_name = var.resource_group
  zone_name           = azurerm_private_dns_zone.this[0].name
  ttl                 = 60
  records             = dataplane_private_endpoint.this.addresses
  tags                = var.tags
}
