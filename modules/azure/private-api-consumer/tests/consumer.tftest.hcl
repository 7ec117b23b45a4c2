# The vendor's side, once the customer handed over, and what is refused.

mock_provider "azurerm" {}

mock_provider "dataplane" {
  mock_resource "dataplane_private_endpoint" {
    defaults = {
      state         = "available"
      addresses     = ["10.20.32.4"]
      connection_id = "/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/vendor/providers/Microsoft.Network/privateEndpoints/acme-prod-api"
    }
  }
}

variables {
  name           = "acme-prod"
  resource_group = "vendor"
  customer = {
    service_name = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Network/privateLinkServices/acme-prod-api"
    server_name  = "Acme-prod-0a1b2c3d.11111111-2222-3333-4444-555555555555.private.westeurope.azmk8s.io"
  }
  network = {
    id                 = "/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/vendor/providers/Microsoft.Network/virtualNetworks/vendor"
    endpoint_subnet_id = "/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/vendor/providers/Microsoft.Network/virtualNetworks/vendor/subnets/endpoints"
  }
}

run "the_apis_own_name_leads_to_the_endpoint" {
  command = apply

  assert {
    condition     = azurerm_private_dns_zone.this[0].name == lower(var.customer.server_name) && azurerm_private_dns_a_record.this[0].name == "@" && azurerm_private_dns_a_record.this[0].records == toset(["10.20.32.4"]) && azurerm_private_dns_zone_virtual_network_link.this[0].virtual_network_id == var.network.id
    error_message = "The API's own name leads to the endpoint, in this network only."
  }

  assert {
    condition     = output.connection == dataplane_private_endpoint.this.connection_id && output.cluster_endpoint == { host = "https://10.20.32.4", server_name = var.customer.server_name } && dataplane_private_endpoint.this.sub_resources == null
    error_message = "The customer is told what to accept, and clients where to go and what name to check."
  }
}

run "no_zone" {
  command = plan

  variables {
    dns                = false
    acceptance_timeout = "3m"
  }

  assert {
    condition     = dataplane_private_endpoint.this.timeouts.create == "3m" && dataplane_private_endpoint.this.timeouts.update == "3m"
    error_message = "Every apply waits as long as it is said, also for one that was let in before."
  }

  assert {
    condition     = length(azurerm_private_dns_zone.this) + length(azurerm_private_dns_a_record.this) + length(azurerm_private_dns_zone_virtual_network_link.this) == 0
    error_message = "The name is left as it is."
  }
}

run "a_cluster_that_publishes_itself" {
  command = plan

  variables {
    customer = {
      service_name = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.ContainerService/managedClusters/acme-prod"
      server_name  = "acme-prod.privatelink.westeurope.azmk8s.io"
    }
  }

  assert {
    condition     = dataplane_private_endpoint.this.sub_resources == toset(["management"])
    error_message = "The endpoint leads to the cluster's API."
  }
}

run "a_service_of_the_cloud" {
  command = plan

  variables {
    customer = {
      service_name = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Storage/storageAccounts/acme"
      server_name  = "acme.blob.core.windows.net"
    }
  }

  expect_failures = [var.customer]
}

run "an_address_for_a_name" {
  command = plan

  variables {
    customer = {
      service_name = "acme-prod-api.11111111-2222-3333-4444-555555555555.westeurope.azure.privatelinkservice"
      server_name  = "https://10.0.0.4"
    }
  }

  expect_failures = [var.customer]
}

run "a_long_message" {
  command = plan

  variables {
    request_message = join("", [for n in range(15) : "0123456789"])
  }

  expect_failures = [var.request_message]
}
