# Each mistake is refused while planning, by the variable that has it.

mock_provider "azurerm" {
  mock_resource "azurerm_subnet" {
    defaults = { id = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/acme-prod/providers/Microsoft.Network/virtualNetworks/acme-prod/subnets/acme-prod-sovereign" }
  }
}

mock_provider "dataplane" {}

variables {
  name           = "acme-prod"
  resource_group = "acme-prod"
  network = {
    id                      = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/acme-prod/providers/Microsoft.Network/virtualNetworks/acme-prod"
    nodes_security_group_id = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/acme-prod/providers/Microsoft.Network/networkSecurityGroups/acme-prod-nodes"
    nodes_ranges            = ["10.0.0.0/19"]
    link_subnet_id          = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/acme-prod/providers/Microsoft.Network/virtualNetworks/acme-prod/subnets/published"
  }
  cluster_principal_id = "22222222-3333-4444-5555-666666666666"
  client_ranges        = ["10.20.0.0/16", "192.168.8.0/24"]
}

run "everybody" {
  command = plan

  variables {
    client_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.client_ranges]
}

run "everybody_in_halves" {
  command = plan

  variables {
    client_ranges = ["0.0.0.0/1", "128.0.0.0/1"]
  }

  expect_failures = [var.client_ranges]
}

run "everybody_by_the_other_family" {
  command = plan

  variables {
    client_ranges = ["::/0"]
  }

  expect_failures = [var.client_ranges]
}

run "half_of_the_other_family" {
  command = plan

  variables {
    client_ranges = ["10.20.0.0/16", "8000::/1"]
  }

  expect_failures = [var.client_ranges]
}

run "nobody" {
  command = plan

  variables {
    client_ranges = []
  }

  expect_failures = [var.client_ranges]
}

run "an_address_for_a_range" {
  command = plan

  variables {
    client_ranges = ["10.20.0.7/16"]
  }

  expect_failures = [var.client_ranges]
}

run "offices_of_everybody" {
  command = plan

  variables {
    offices = {
      load_balancer      = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/MC_acme-prod_prod_westeurope/providers/Microsoft.Network/loadBalancers/kubernetes-internal/frontendIPConfigurations/a0123"
      allowed_principals = ["*"]
      nat_range          = "10.0.33.0/24"
    }
  }

  expect_failures = [var.offices]
}

run "a_private_connection_for_everybody" {
  command = plan

  variables {
    offices = {
      load_balancer      = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/MC_acme-prod_prod_westeurope/providers/Microsoft.Network/loadBalancers/kubernetes-internal/frontendIPConfigurations/a0123"
      allowed_principals = ["33333333-4444-5555-6666-777777777777"]
      nat_range          = "0.0.0.0/0"
    }
  }

  expect_failures = [var.offices]
}

run "a_subnet_too_small" {
  command = plan

  variables {
    range = "10.0.35.0/30"
  }

  expect_failures = [var.range]
}

run "nodes_everywhere" {
  command = plan

  variables {
    network = {
      id                      = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/acme-prod/providers/Microsoft.Network/virtualNetworks/acme-prod"
      nodes_security_group_id = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/acme-prod/providers/Microsoft.Network/networkSecurityGroups/acme-prod-nodes"
      nodes_ranges            = ["0.0.0.0/1"]
    }
  }

  expect_failures = [var.network]
}

run "no_room_for_five_rules" {
  command = plan

  variables {
    priority = 4093
  }

  expect_failures = [var.priority]
}

run "nothing_to_publish_from" {
  command = plan

  variables {
    network = {
      id                      = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/acme-prod/providers/Microsoft.Network/virtualNetworks/acme-prod"
      nodes_security_group_id = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/acme-prod/providers/Microsoft.Network/networkSecurityGroups/acme-prod-nodes"
      nodes_ranges            = ["10.0.0.0/19"]
    }
    offices = {
      load_balancer      = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/MC_acme-prod_prod_westeurope/providers/Microsoft.Network/loadBalancers/kubernetes-internal/frontendIPConfigurations/a0123"
      allowed_principals = ["33333333-4444-5555-6666-777777777777"]
      nat_range          = "10.0.33.0/24"
    }
  }

  expect_failures = [dataplane_private_service.this]
}
