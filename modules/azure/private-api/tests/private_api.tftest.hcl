# The customer's side: what is published, to whom, and what is refused.

mock_provider "azurerm" {
  mock_data "azurerm_lb" {
    defaults = {
      frontend_ip_configuration = [{
        id                            = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme-nodes/providers/Microsoft.Network/loadBalancers/kube-apiserver/frontendIPConfigurations/kube-apiserver-frontend"
        name                          = "kube-apiserver-frontend"
        private_ip_address            = "10.0.34.4"
        private_ip_address_allocation = "Dynamic"
        private_ip_address_version    = "IPv4"
        public_ip_address_id          = ""
        subnet_id                     = ""
        zones                         = []
      }]
    }
  }
}

mock_provider "dataplane" {
  mock_resource "dataplane_private_service" {
    defaults = {
      service_name = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Network/privateLinkServices/acme-prod-api"
      alias        = "acme-prod-api.11111111-2222-3333-4444-555555555555.westeurope.azure.privatelinkservice"
    }
  }
}

variables {
  name = "acme-prod"
  cluster = {
    name                = "acme-prod"
    resource_group      = "acme"
    node_resource_group = "acme-nodes"
    private_fqdn        = "acme-prod-0a1b2c3d.11111111-2222-3333-4444-555555555555.private.westeurope.azmk8s.io"
  }
  network               = { link_subnet_id = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod/subnets/published" }
  allowed_subscriptions = ["99999999-0000-4000-8000-000000000001"]
}

run "nobody_is_let_in_by_default" {
  command = apply

  assert {
    condition     = data.azurerm_lb.api.name == "kube-apiserver" && data.azurerm_lb.api.resource_group_name == "acme-nodes" && endswith(dataplane_private_service.this.load_balancer, "/kube-apiserver-frontend")
    error_message = "AKS' own balancer is published."
  }

  assert {
    condition     = length(dataplane_private_service.this.accepted_connections) == 0 && !dataplane_private_service.this.auto_accept && !dataplane_private_service.this.force_destroy && dataplane_private_service.this.allowed_principals == toset(["99999999-0000-4000-8000-000000000001"])
    error_message = "Whoever is named may ask, and has to be accepted."
  }

  assert {
    condition     = output.hand_over.server_name == var.cluster.private_fqdn && dataplane_private_service.this.private_dns_name == var.cluster.private_fqdn && output.hand_over.service_name == dataplane_private_service.this.service_name && output.hand_over.cluster == "acme-prod" && output.hand_over.resource_group == "acme"
    error_message = "The vendor is told where the service is, and by which name to check what answers."
  }
}

run "one_is_accepted_and_another_cut_off" {
  command = plan

  variables {
    accepted_connections = ["/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/v/providers/Microsoft.Network/privateEndpoints/new"]
    rejected_connections = ["/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/v/providers/Microsoft.Network/privateEndpoints/old"]
    force_destroy        = true
  }

  assert {
    condition     = length(dataplane_private_service.this.accepted_connections) == 1 && one(dataplane_private_service.this.rejected_connections) == "/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/v/providers/Microsoft.Network/privateEndpoints/old" && dataplane_private_service.this.force_destroy
    error_message = "The customer can cut off whom it let in, and take all of it away."
  }
}

run "accepted_and_rejected" {
  command = plan

  variables {
    accepted_connections = ["/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/v/providers/Microsoft.Network/privateEndpoints/one"]
    rejected_connections = ["/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/v/providers/Microsoft.Network/privateEndpoints/one"]
  }

  expect_failures = [var.rejected_connections]
}

run "everybody" {
  command = plan

  variables {
    allowed_subscriptions = ["*"]
  }

  expect_failures = [var.allowed_subscriptions]
}

run "nobody" {
  command = plan

  variables {
    allowed_subscriptions = []
  }

  expect_failures = [var.allowed_subscriptions]
}

run "an_address_for_a_name" {
  command = plan

  variables {
    cluster = { name = "acme-prod", resource_group = "acme", node_resource_group = "acme-nodes", private_fqdn = "https://10.0.34.4:443" }
  }

  expect_failures = [var.cluster]
}

run "no_api_server_in_the_network" {
  command = plan

  override_data {
    target = data.azurerm_lb.api
    values = { frontend_ip_configuration = [] }
  }

  expect_failures = [data.azurerm_lb.api]
}
