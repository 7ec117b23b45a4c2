# Clients reach the balancer, and nobody else.

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

run "clients_and_nobody_else" {
  command = apply

  assert {
    condition     = azurerm_network_security_rule.this["clients"].access == "Allow" && azurerm_network_security_rule.this["clients"].source_address_prefixes == toset(["10.20.0.0/16", "192.168.8.0/24"]) && azurerm_network_security_rule.this["clients"].destination_port_range == "443"
    error_message = "Clients reach 443 of the balancer."
  }

  assert {
    condition     = azurerm_network_security_rule.this["others"].access == "Deny" && azurerm_network_security_rule.this["others"].source_address_prefix == "*" && azurerm_network_security_rule.this["others"].protocol == "*" && azurerm_network_security_rule.this["others"].priority > azurerm_network_security_rule.this["clients"].priority
    error_message = "Nobody else does, and who is let in comes first."
  }

  # Azure lets in what is peered with the network from 65000 on.
  assert {
    condition     = alltrue([for name, rule in azurerm_network_security_rule.this : rule.priority < 65000 && rule.direction == "Inbound" && rule.network_security_group_name == "acme-prod-nodes" && (rule.destination_address_prefix == one(azurerm_subnet.this.address_prefixes)) == contains(["clients", "others"], name)])
    error_message = "The rules are about the balancer's subnet, before Azure's own, in the group that nodes have."
  }

  assert {
    condition     = [for priority in range(202, 205) : one([for rule in azurerm_network_security_rule.this : "${rule.access} ${rule.protocol} ${try(join(",", rule.source_address_prefixes), "")}${try(rule.source_address_prefix, "") != null ? rule.source_address_prefix : ""} ${rule.destination_port_range}" if rule.priority == priority])] == ["Allow * AzureLoadBalancer 30000-32767", "Allow * 10.0.0.0/19 30000-32767", "Deny * * 30000-32767"]
    error_message = "Ports of nodes are for probes and nodes, in this order, and for nobody else."
  }

  assert {
    condition     = azurerm_subnet.this.virtual_network_name == "acme-prod" && azurerm_role_assignment.this.scope == azurerm_subnet.this.id && azurerm_role_assignment.this.principal_id == var.cluster_principal_id
    error_message = "The cluster may put the balancer into the subnet."
  }

  assert {
    condition     = output.service.annotations == tomap({ "service.beta.kubernetes.io/azure-load-balancer-internal" = "true", "service.beta.kubernetes.io/azure-load-balancer-internal-subnet" = "acme-prod-sovereign" }) && output.service.load_balancer_source_ranges == tolist(["10.20.0.0/16", "192.168.8.0/24"]) && output.service.class == null
    error_message = "The balancer is internal and takes its address from the subnet that the rules name."
  }
}

run "offices_of_another_subscription" {
  command = apply

  variables {
    offices = {
      load_balancer      = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/MC_acme-prod_prod_westeurope/providers/Microsoft.Network/loadBalancers/kubernetes-internal/frontendIPConfigurations/a0123"
      allowed_principals = ["33333333-4444-5555-6666-777777777777"]
      nat_range          = "10.0.33.0/24"
    }
  }

  assert {
    condition     = dataplane_private_service.this[0].load_balancer == var.offices.load_balancer && dataplane_private_service.this[0].subnets == toset([var.network.link_subnet_id])
    error_message = "The balancer is published."
  }

  assert {
    condition     = contains(azurerm_network_security_rule.this["clients"].source_address_prefixes, "10.0.33.0/24") && contains(output.service.load_balancer_source_ranges, "10.0.33.0/24")
    error_message = "Who comes by a connection is let in by rules and Service."
  }
}
