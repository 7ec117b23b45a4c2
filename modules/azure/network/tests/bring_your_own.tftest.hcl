# A network that is there already is read and checked; each thing that would fail later is refused with what to do.

mock_provider "dataplane" {
  mock_data "dataplane_network_ranges" {
    defaults = { cloudflare = { ipv4 = [], ports = [443] }, tunnel = { ipv4 = [], ports = [7844] } }
  }
}

mock_provider "azurerm" {
  mock_data "azurerm_virtual_network" {
    defaults = {
      id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/hub"
      location      = "West Europe"
      address_space = ["10.9.0.0/16"]
      dns_servers   = []
    }
  }

  mock_data "azurerm_subnet" {
    defaults = {
      address_prefixes                              = ["10.9.0.0/24"]
      default_outbound_access_enabled               = false
      network_security_group_id                     = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/net/providers/Microsoft.Network/networkSecurityGroups/guard"
      private_endpoint_network_policies             = "NetworkSecurityGroupEnabled"
      private_link_service_network_policies_enabled = false
    }
  }

  mock_data "azurerm_network_security_group" {
    defaults = { security_rule = [] }
  }
}

variables {
  name           = "acme-prod"
  resource_group = "acme"
  location       = "westeurope"
  existing = {
    virtual_network = "hub"
    resource_group  = "net"
    subnets         = { nodes = "nodes", endpoints = "endpoints", api = "api", published = "published" }
    nat             = true
  }
}

run "what_is_brought_is_used" {
  command = apply

  assert {
    condition     = length(azurerm_virtual_network.this) + length(azurerm_subnet.nodes) + length(azurerm_subnet.api) + length(azurerm_subnet.endpoints) + length(azurerm_subnet.published) + length(azurerm_network_security_group.nodes) + length(azurerm_network_security_group.endpoints) + length(azurerm_nat_gateway.this) == 0
    error_message = "No network is made beside the one that was given, and no rule in it."
  }

  assert {
    condition     = output.network.id == data.azurerm_virtual_network.existing[0].id && output.network.cidr == "10.9.0.0/16" && output.network.nat && output.network.api_subnet_id == data.azurerm_subnet.existing["api"].id && output.network.link_subnet_id == data.azurerm_subnet.existing["published"].id && data.azurerm_subnet.existing["api"].resource_group_name == "net"
    error_message = "Others get the network that was given."
  }

  assert {
    condition     = endswith(output.network.nodes_security_group_id, "/networkSecurityGroups/guard") && toset(keys(data.azurerm_network_security_group.existing)) == toset(["endpoints", "nodes"]) && data.azurerm_network_security_group.existing["nodes"].name == "guard" && data.azurerm_network_security_group.existing["nodes"].resource_group_name == "net"
    error_message = "The rules of nodes and endpoints are read."
  }
}

run "another_region" {
  command = plan

  variables {
    location = "northeurope"
  }

  expect_failures = [output.network]
}

run "name_servers_that_know_no_private_zones" {
  command = plan

  override_data {
    target = data.azurerm_virtual_network.existing[0]
    values = { location = "westeurope", address_space = ["10.9.0.0/16"], dns_servers = ["10.9.0.4"] }
  }

  expect_failures = [output.network]
}

run "name_servers_that_forward" {
  command = plan

  override_data {
    target = data.azurerm_virtual_network.existing[0]
    values = { location = "westeurope", address_space = ["10.9.0.0/16"], dns_servers = ["10.9.0.4"] }
  }

  variables {
    existing = {
      virtual_network = "hub"
      subnets         = { nodes = "nodes", endpoints = "endpoints", api = "api" }
      dns_forwards    = true
    }
  }

  assert {
    condition     = output.network.link_subnet_id == null && data.azurerm_subnet.existing["nodes"].resource_group_name == "acme"
    error_message = "They are taken at their word, and nothing is published here."
  }
}

run "azures_own_way_out" {
  command = plan

  override_data {
    target = data.azurerm_subnet.existing["nodes"]
    values = {
      address_prefixes                = ["10.9.0.0/24"]
      default_outbound_access_enabled = true
      network_security_group_id       = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/net/providers/Microsoft.Network/networkSecurityGroups/guard"
    }
  }

  expect_failures = [output.network]
}

run "nobody_says_what_comes_in" {
  command = plan

  override_data {
    target = data.azurerm_subnet.existing["nodes"]
    values = {
      address_prefixes                = ["10.9.0.0/24"]
      default_outbound_access_enabled = false
      network_security_group_id       = ""
    }
  }

  expect_failures = [output.network]
}

run "the_internet_comes_in" {
  command = plan

  override_data {
    target = data.azurerm_network_security_group.existing["nodes"]
    values = {
      security_rule = [{
        name                                       = "ssh"
        description                                = ""
        priority                                   = 100
        direction                                  = "Inbound"
        access                                     = "Allow"
        protocol                                   = "Tcp"
        source_address_prefix                      = "Internet"
        source_address_prefixes                    = []
        source_application_security_group_ids      = []
        source_port_range                          = "*"
        source_port_ranges                         = []
        destination_address_prefix                 = "*"
        destination_address_prefixes               = []
        destination_application_security_group_ids = []
        destination_port_range                     = "22"
        destination_port_ranges                    = []
      }]
    }
  }

  expect_failures = [output.network]
}

run "endpoints_that_heed_no_group" {
  command = plan

  override_data {
    target = data.azurerm_subnet.existing["endpoints"]
    values = {
      address_prefixes                  = ["10.9.1.0/24"]
      default_outbound_access_enabled   = false
      network_security_group_id         = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/net/providers/Microsoft.Network/networkSecurityGroups/guard"
      private_endpoint_network_policies = "Disabled"
    }
  }

  expect_failures = [output.network]
}

run "a_subnet_that_takes_no_services" {
  command = plan

  override_data {
    target = data.azurerm_subnet.existing["published"]
    values = {
      address_prefixes                              = ["10.9.2.0/24"]
      network_security_group_id                     = ""
      private_link_service_network_policies_enabled = true
    }
  }

  expect_failures = [output.network]
}

run "a_small_subnet" {
  command = plan

  override_data {
    target = data.azurerm_subnet.existing["api"]
    values = {
      address_prefixes          = ["10.9.3.0/29"]
      network_security_group_id = ""
    }
  }

  expect_failures = [output.network]
}

run "ranges_that_overlap" {
  command = plan

  variables {
    other_ranges = { "the office" = "10.9.128.0/17" }
  }

  expect_failures = [output.network]
}

run "one_subnet_for_two_uses" {
  command = plan

  variables {
    existing = {
      virtual_network = "hub"
      subnets         = { nodes = "one", endpoints = "one", api = "api" }
    }
  }

  expect_failures = [var.existing]
}

run "a_way_out_of_a_network_of_others" {
  command = plan

  variables {
    nat = true
  }

  expect_failures = [var.existing]
}
