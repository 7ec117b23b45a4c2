# What is made when only a name and a place are given, and what is refused.

mock_provider "azurerm" {
  mock_resource "azurerm_virtual_network" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod" }
  }
}
mock_provider "dataplane" {}

variables {
  name           = "acme-prod"
  resource_group = "acme"
  location       = "westeurope"
}

run "the_subnets" {
  command = plan

  assert {
    condition     = azurerm_subnet.nodes[0].address_prefixes[0] == "10.0.0.0/19" && azurerm_subnet.endpoints[0].address_prefixes[0] == "10.0.32.0/24" && azurerm_subnet.published[0].address_prefixes[0] == "10.0.33.0/24" && azurerm_subnet.api[0].address_prefixes[0] == "10.0.34.0/28"
    error_message = "The subnets share no addresses."
  }

  assert {
    condition     = one(one(azurerm_subnet.api[0].delegation).service_delegation).name == "Microsoft.ContainerService/managedClusters" && !azurerm_subnet.published[0].private_link_service_network_policies_enabled
    error_message = "AKS may put its API server in, and services can be published."
  }
}

run "nothing_leads_to_the_internet" {
  command = plan

  assert {
    condition     = length(azurerm_nat_gateway.this) + length(azurerm_public_ip.nat) == 0 && alltrue([for subnet in [azurerm_subnet.nodes[0], azurerm_subnet.endpoints[0], azurerm_subnet.published[0]] : !subnet.default_outbound_access_enabled])
    error_message = "Neither a gateway nor Azure's own way out is there."
  }

  assert {
    condition     = azurerm_subnet.endpoints[0].private_endpoint_network_policies == "NetworkSecurityGroupEnabled" && { for rule in azurerm_network_security_group.endpoints[0].security_rule : rule.name => rule.access } == { https-from-the-network = "Allow", nothing-else = "Deny" }
    error_message = "Endpoints take HTTPS from the network."
  }
}

run "a_way_out" {
  command = plan

  variables {
    nat = true
  }

  assert {
    condition     = length(azurerm_subnet_nat_gateway_association.nodes) == 1 && azurerm_public_ip.nat[0].sku == "Standard"
    error_message = "Nodes leave through one address."
  }
}

run "who_talks_to_whom_is_logged" {
  command = plan

  variables {
    flow_logs = { storage_account_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Storage/storageAccounts/acmeflows" }
  }

  assert {
    condition     = azurerm_network_watcher_flow_log.this[0].network_watcher_name == "NetworkWatcher_westeurope" && one(azurerm_network_watcher_flow_log.this[0].retention_policy).days == 90
    error_message = "The region's watcher logs for 90 days."
  }
}

run "ranges_that_overlap" {
  command = plan

  variables {
    other_ranges = { "the office" = "10.0.128.0/17" }
  }

  expect_failures = [output.network]
}

run "a_range_that_is_too_small" {
  command = plan

  variables {
    cidr = "10.0.0.0/24"
  }

  expect_failures = [var.cidr]
}
