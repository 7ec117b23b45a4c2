# With the network of modules/azure/network: the balancer's subnet shares no addresses with the others, and the nodes' group has the rules.

mock_provider "azurerm" {
  mock_resource "azurerm_virtual_network" {
    defaults = { id = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/acme-prod/providers/Microsoft.Network/virtualNetworks/acme-prod" }
  }
  mock_resource "azurerm_network_security_group" {
    defaults = { id = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/acme-prod/providers/Microsoft.Network/networkSecurityGroups/acme-prod-nodes" }
  }
  mock_resource "azurerm_subnet" {
    defaults = { id = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/acme-prod/providers/Microsoft.Network/virtualNetworks/acme-prod/subnets/some" }
  }
}

mock_provider "dataplane" {}

variables {
  name                 = "acme-prod"
  resource_group       = "acme-prod"
  location             = "westeurope"
  cluster_principal_id = "22222222-3333-4444-5555-666666666666"
  client_ranges        = ["10.20.0.0/16"]
}

run "a_network" {
  module {
    source = "../network"
  }

  assert {
    condition     = output.network.nodes_security_group_id == azurerm_network_security_group.nodes[0].id
    error_message = "Others are told whose rules hold for the nodes."
  }

  assert {
    condition = length(provider::dataplane::cidr_overlaps(["10.0.35.0/28"], flatten([
      azurerm_subnet.nodes[0].address_prefixes, azurerm_subnet.endpoints[0].address_prefixes,
      azurerm_subnet.published[0].address_prefixes, azurerm_subnet.api[0].address_prefixes,
    ]))) == 0
    error_message = "There is room for the balancer's subnet."
  }
}

run "rules_of_its_nodes" {
  variables {
    network = run.a_network.network
  }

  assert {
    condition     = alltrue([for rule in azurerm_network_security_rule.this : rule.network_security_group_name == "acme-prod-nodes" && contains(["10.0.35.0/28", "*"], rule.destination_address_prefix)]) && azurerm_network_security_rule.this["nodes"].source_address_prefixes == toset(["10.0.0.0/19"])
    error_message = "The group that holds for the nodes has the rules."
  }
}
