# Azure's own services at addresses of the network, by their own names.

mock_provider "azurerm" {
  mock_resource "azurerm_monitor_private_link_scope" {
    defaults = { id = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Insights/privateLinkScopes/acme-prod" }
  }
  mock_resource "azurerm_private_dns_zone" {
    defaults = { id = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Network/privateDnsZones/made" }
  }
}

mock_provider "dataplane" {
  mock_resource "dataplane_private_endpoint" {
    defaults = { state = "available", addresses = ["10.0.32.4"] }
  }
}

variables {
  name           = "acme-prod"
  resource_group = "acme"
  network = {
    id                 = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod"
    endpoint_subnet_id = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod/subnets/endpoints"
  }
  storage_accounts = {
    metadata = { id = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Storage/storageAccounts/acmemeta", parts = ["blob", "dfs"] }
  }
  registries = { images = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.ContainerRegistry/registries/acme" }
  vaults     = { secrets = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.KeyVault/vaults/acme" }
}

run "each_has_an_endpoint_and_its_zone" {
  command = apply

  assert {
    condition     = { for name, endpoint in dataplane_private_endpoint.this : endpoint.name => one(endpoint.sub_resources) } == { acme-prod-metadata-blob = "blob", acme-prod-metadata-dfs = "dfs", acme-prod-images-registry = "registry", acme-prod-secrets-vault = "vault" }
    error_message = "Every part that is wanted is reached."
  }

  assert {
    condition     = toset(keys(azurerm_private_dns_zone.this)) == toset(["privatelink.azurecr.io", "privatelink.blob.core.windows.net", "privatelink.dfs.core.windows.net", "privatelink.vaultcore.azure.net"]) && alltrue([for link in azurerm_private_dns_zone_virtual_network_link.this : link.virtual_network_id == var.network.id]) && length(azurerm_private_dns_zone_virtual_network_link.this) == 4
    error_message = "The names lead there in this network."
  }

  assert {
    condition     = alltrue([for endpoint in dataplane_private_endpoint.this : length(endpoint.dns_zones) == 1 && endpoint.subnets == toset([var.network.endpoint_subnet_id])]) && length(azurerm_monitor_private_link_scope.this) == 0
    error_message = "Each endpoint lies in the network's subnet and writes its names into its zone."
  }

  assert {
    condition     = output.addresses["secrets-vault"] == tolist(["10.0.32.4"])
    error_message = "Firewalls are told the addresses."
  }
}

run "zones_of_a_hub" {
  command = apply

  variables {
    storage_accounts = {}
    registries       = {}
    zones            = { "privatelink.vaultcore.azure.net" = "/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/hub/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net" }
  }

  assert {
    condition     = length(azurerm_private_dns_zone.this) + length(azurerm_private_dns_zone_virtual_network_link.this) == 0 && one(dataplane_private_endpoint.this["secrets-vault"].dns_zones) == var.zones["privatelink.vaultcore.azure.net"]
    error_message = "What the hub has is used."
  }
}

run "names_of_others_are_asked_for_outside" {
  command = plan

  assert {
    condition     = length(azurerm_private_dns_zone_virtual_network_link.this) > 0 && alltrue([for link in azurerm_private_dns_zone_virtual_network_link.this : link.resolution_policy == "NxDomainRedirect"])
    error_message = "Accounts of others with endpoints of their own keep their addresses."
  }
}

run "logs_of_one_workspace" {
  command = apply

  variables {
    monitor = { workspaces = { acme = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.OperationalInsights/workspaces/acme" } }
  }

  assert {
    condition     = azurerm_monitor_private_link_scope.this[0].ingestion_access_mode == "PrivateOnly" && azurerm_monitor_private_link_scope.this[0].query_access_mode == "PrivateOnly" && azurerm_monitor_private_link_scoped_service.this["acme"].linked_resource_id == var.monitor.workspaces["acme"]
    error_message = "The network reaches this workspace and no other."
  }

  assert {
    condition     = dataplane_private_endpoint.this["monitor"].service_name == azurerm_monitor_private_link_scope.this[0].id && dataplane_private_endpoint.this["monitor"].sub_resources == toset(["azuremonitor"]) && contains(keys(azurerm_private_dns_zone.this), "privatelink.ods.opinsights.azure.com")
    error_message = "It is reached over one endpoint, by all of its names."
  }
}

run "a_part_that_is_none" {
  command = plan

  variables {
    storage_accounts = { metadata = { id = "/subscriptions/x", parts = ["container"] } }
  }

  expect_failures = [var.storage_accounts]
}

run "no_workspace" {
  command = plan

  variables {
    monitor = { workspaces = {} }
  }

  expect_failures = [var.monitor]
}

run "a_zone_that_is_none" {
  command = plan

  variables {
    zones = { "blob.core.windows.net" = "/subscriptions/x" }
  }

  expect_failures = [var.zones]
}
