locals {
  # What each kind of object is reached by: the part of it that an endpoint leads to, and the zones that its names are in.
  monitor_zones = ["privatelink.agentsvc.azure-automation.net", "privatelink.blob.core.windows.net", "privatelink.monitor.azure.com", "privatelink.ods.opinsights.azure.com", "privatelink.oms.opinsights.azure.com"]

  endpoints = merge(
    {
      for pair in flatten([for name, account in var.storage_accounts : [for part in account.parts : { name = name, part = part, id = account.id }]]) :
      "${pair.name}-${pair.part}" => { target = pair.id, part = pair.part, zones = ["privatelink.${pair.part}.core.windows.net"] }
    },
    { for name, id in var.registries : "${name}-registry" => { target = id, part = "registry", zones = ["privatelink.azurecr.io"] } },
    { for name, id in var.vaults : "${name}-vault" => { target = id, part = "vault", zones = ["privatelink.vaultcore.azure.net"] } },
    var.monitor == null ? {} : { monitor = { target = azurerm_monitor_private_link_scope.this[0].id, part = "azuremonitor", zones = local.monitor_zones } },
  )

  zones      = toset(flatten([for endpoint in local.endpoints : endpoint.zones]))
  zones_made = setsubtract(local.zones, keys(var.zones))
  zone_ids   = merge({ for name, zone in azurerm_private_dns_zone.this : name => zone.id }, var.zones)
}

resource "azurerm_private_dns_zone" "this" {
  for_each = local.zones_made

  name                = each.key
  resource_group_name = var.resource_group
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  for_each = azurerm_private_dns_zone.this

  name                  = var.name
  resource_group_name   = var.resource_group
  private_dns_zone_name = each.value.name
  virtual_network_id    = var.network.id
  # Others' accounts that have endpoints somewhere are in zones of these names too: here they are answered as they are in the internet.
  resolution_policy = "NxDomainRedirect"
  tags              = var.tags
}

# Workspaces of Azure Monitor have no endpoints of their own, but one for all that are in a scope.
resource "azurerm_monitor_private_link_scope" "this" {
  count = var.monitor == null ? 0 : 1

  name                  = var.name
  resource_group_name   = var.resource_group
  ingestion_access_mode = var.monitor.private_only ? "PrivateOnly" : "Open"
  query_access_mode     = var.monitor.private_only ? "PrivateOnly" : "Open"
  tags                  = var.tags
}

resource "azurerm_monitor_private_link_scoped_service" "this" {
  for_each = var.monitor == null ? {} : var.monitor.workspaces

  name                = each.key
  resource_group_name = var.resource_group
  scope_name          = azurerm_monitor_private_link_scope.this[0].name
  linked_resource_id  = each.value
}

resource "dataplane_private_endpoint" "this" {
  for_each = local.endpoints

  name          = "${var.name}-${each.key}"
  service_name  = each.value.target
  sub_resources = [each.value.part]
  subnets       = [var.network.endpoint_subnet_id]
  dns_zones     = [for zone in each.value.zones : local.zone_ids[zone]]
  tags          = var.tags

  # Names lead to it where its zones are known.
  depends_on = [azurerm_private_dns_zone_virtual_network_link.this, azurerm_monitor_private_link_scoped_service.this]
}
