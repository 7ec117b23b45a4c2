# What depends on the way does not start before the customer let it in.

mock_provider "azurerm" {}
mock_provider "dataplane" {}

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

run "nobody_accepted_yet" {
  command = apply

  variables {
    dns = false
  }

  override_resource {
    target = dataplane_private_endpoint.this
    values = {
      state  = "pending_acceptance"
      remedy = "Its owner must accept it."
    }
  }

  expect_failures = [dataplane_private_endpoint.this]
}
