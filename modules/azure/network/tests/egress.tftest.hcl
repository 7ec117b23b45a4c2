# Where nodes may connect to, and that nobody from outside comes in.

mock_provider "azurerm" {
  mock_resource "azurerm_virtual_network" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod" }
  }
}

mock_provider "dataplane" {
  mock_data "dataplane_network_ranges" {
    defaults = {
      cloudflare = { ipv4 = ["104.16.0.0/13", "172.64.0.0/13"], ports = [443] }
      tunnel     = { ipv4 = ["198.41.192.167/32"], ports = [7844] }
    }
  }
}

variables {
  name           = "acme-prod"
  resource_group = "acme"
  location       = "westeurope"
  nat            = true
}

run "open_unless_it_is_said" {
  command = plan

  assert {
    condition     = length(azurerm_network_security_rule.nodes) == 0
    error_message = "Nodes go wherever there is a way to."
  }
}

run "limited_to_what_the_data_plane_talks_to" {
  command = plan

  variables {
    egress = { mode = "limited", allowed = { registry = { cidrs = ["192.0.2.0/24"] } } }
  }

  assert {
    condition     = [for rule in azurerm_network_security_rule.nodes : "${rule.access} ${rule.destination_address_prefix}" if rule.priority == 4096] == ["Deny *"] && alltrue([for rule in azurerm_network_security_rule.nodes : rule.priority < 4096 || rule.access == "Deny"])
    error_message = "What is not allowed does not leave."
  }

  assert {
    condition     = toset([for rule in azurerm_network_security_rule.nodes : rule.destination_address_prefix if rule.access == "Allow" && try(length(rule.destination_address_prefix) > 0, false)]) == toset(["AzureActiveDirectory", "AzureContainerRegistry.westeurope", "AzureFrontDoor.FirstParty", "AzureKeyVault.westeurope", "AzureMonitor", "AzureResourceManager", "MicrosoftContainerRegistry", "Storage.westeurope"])
    error_message = "Those of Azure's services are reached that are needed, and neither all of Azure nor the internet."
  }

  assert {
    condition = { for rule in azurerm_network_security_rule.nodes : rule.description => "${rule.protocol} ${join(",", rule.destination_address_prefixes)} ${join(",", rule.destination_port_ranges)}" if contains(["to-control-plane", "to-registry", "to-tunnel"], rule.description) } == {
      to-control-plane = "Tcp 104.16.0.0/13,172.64.0.0/13 443"
      to-registry      = "Tcp 192.0.2.0/24 443"
      to-tunnel        = "* 198.41.192.167/32 7844"
    }
    error_message = "So are the control plane, the tunnel's edge and what is named."
  }

  assert {
    condition     = toset(flatten([for rule in azurerm_network_security_rule.nodes : rule.destination_address_prefixes if rule.description == "to-the-network"])) == toset(["10.0.0.0/16", "10.244.0.0/14"])
    error_message = "Nodes and pods reach each other."
  }

  assert {
    condition     = alltrue([for key, rule in azurerm_network_security_rule.nodes : key == "out-${rule.priority}" && rule.name == key])
    error_message = "Azure takes no two rules of one priority."
  }
}

run "what_endpoints_lead_to_is_left_out" {
  command = plan

  variables {
    egress = { mode = "limited", services = ["vault"] }
  }

  assert {
    condition     = toset([for rule in azurerm_network_security_rule.nodes : rule.destination_address_prefix if rule.access == "Allow" && try(length(rule.destination_address_prefix) > 0, false)]) == toset(["AzureActiveDirectory", "AzureFrontDoor.FirstParty", "AzureKeyVault.westeurope", "AzureMonitor", "AzureResourceManager", "MicrosoftContainerRegistry"])
    error_message = "Accounts and registries of others are not reached."
  }

  assert {
    condition     = output.network.limited
    error_message = "The cluster is told."
  }
}

run "rules_that_others_add_to_the_group_stay" {
  command = apply

  # What Azure answers with once modules/azure/sovereign has added its own.
  override_resource {
    target = azurerm_network_security_group.nodes[0]
    values = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/networkSecurityGroups/acme-prod-nodes"
      security_rule = [{
        name                       = "acme-prod-sovereign-others", description = "", priority = 501, direction = "Inbound", access = "Deny", protocol = "*",
        source_address_prefix      = "*", source_address_prefixes = [], source_application_security_group_ids = [], source_port_range = "*", source_port_ranges = [],
        destination_address_prefix = "10.0.35.0/28", destination_address_prefixes = [], destination_application_security_group_ids = [], destination_port_range = "*", destination_port_ranges = [],
      }]
    }
  }

  variables {
    egress = { mode = "limited" }
  }

  assert {
    condition     = [for rule in azurerm_network_security_group.nodes[0].security_rule : rule.name] == ["acme-prod-sovereign-others"] && length(azurerm_network_security_rule.nodes) > 0
    error_message = "Rules in line are all that a group has: none is said there, and ours are beside it."
  }
}

run "nobody_from_outside_comes_in" {
  command = plan

  variables {
    egress = { mode = "limited" }
  }

  assert {
    condition     = alltrue([for rule in concat([for rule in azurerm_network_security_rule.nodes : { direction = rule.direction, access = rule.access, from = rule.source_address_prefix }], [for rule in azurerm_network_security_group.endpoints[0].security_rule : { direction = rule.direction, access = rule.access, from = rule.source_address_prefix }]) : rule.direction == "Outbound" || rule.access == "Deny" || rule.from == "10.0.0.0/16"])
    error_message = "No rule lets anybody in but the network, the vendor included."
  }
}

run "everything_by_another_name" {
  command = plan

  variables {
    egress = { mode = "limited", allowed = { all = { cidrs = ["0.0.0.0/0"] } } }
  }

  expect_failures = [var.egress]
}

run "a_list_that_nothing_reads" {
  command = plan

  variables {
    egress = { allowed = { registry = { cidrs = ["192.0.2.0/24"] } } }
  }

  expect_failures = [var.egress]
}

run "services_that_nothing_limits" {
  command = plan

  variables {
    egress = { services = ["vault"] }
  }

  expect_failures = [var.egress]
}

run "a_service_that_is_none" {
  command = plan

  variables {
    egress = { mode = "limited", services = ["sql"] }
  }

  expect_failures = [var.egress]
}

run "a_mode_that_is_none" {
  command = plan

  variables {
    egress = { mode = "closed" }
  }

  expect_failures = [var.egress]
}
