# Whom the customer lets in, and as what. What each identity can do and when: the tests of modules/azure/vendor-access.

mock_provider "azurerm" {
  mock_data "azurerm_client_config" {
    defaults = { tenant_id = "5f1d6cbe-3b1e-4b7e-9a0d-2c7f0a9e4d10" }
  }
  mock_data "azurerm_kubernetes_cluster" {
    defaults = {
      id                  = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.ContainerService/managedClusters/prod"
      node_resource_group = "acme-nodes"
      private_fqdn        = "prod-0a1b2c3d.11111111-2222-3333-4444-555555555555.private.westeurope.azmk8s.io"
      oidc_issuer_url     = "https://westeurope.oic.prod-aks.azure.com/one/two/"
    }
  }
  mock_data "azurerm_lb" {
    defaults = {
      frontend_ip_configuration = [{
        id                            = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme-nodes/providers/Microsoft.Network/loadBalancers/kube-apiserver/frontendIPConfigurations/api"
        name                          = "api"
        private_ip_address            = "10.0.34.4"
        private_ip_address_allocation = "Dynamic"
        private_ip_address_version    = "IPv4"
        public_ip_address_id          = ""
        subnet_id                     = ""
        zones                         = []
      }]
    }
  }
  mock_resource "azurerm_role_definition" {
    defaults = { role_definition_resource_id = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions/11111111-2222-3333-4444-555555555555" }
  }
  mock_resource "azurerm_user_assigned_identity" {
    defaults = {
      id           = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.ManagedIdentity/userAssignedIdentities/some"
      principal_id = "66666666-2222-3333-4444-555555555555"
      client_id    = "77777777-2222-3333-4444-555555555555"
    }
  }
  mock_resource "azurerm_resource_group" {
    defaults = { id = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme-prod-data-plane" }
  }
}

mock_provider "dataplane" {
  mock_data "dataplane_permissions" {
    defaults = {
      by_access = {
        provision   = "{\"Name\":\"dataplane\",\"Actions\":[\"Microsoft.Resources/subscriptions/read\"],\"DataActions\":[]}"
        maintain    = "{\"Name\":\"dataplane\",\"Actions\":[\"Microsoft.Resources/subscriptions/read\"],\"DataActions\":[]}"
        deprovision = "{\"Name\":\"dataplane\",\"Actions\":[\"Microsoft.Resources/subscriptions/read\"],\"DataActions\":[]}"
        break_glass = "{\"Name\":\"dataplane\",\"Actions\":[\"Microsoft.Resources/subscriptions/read\"],\"DataActions\":[]}"
      }
    }
  }
}

variables {
  subscription_id = "0a2b4c6d-0000-4000-8000-000000000001"
  resource_group  = "acme"
  location        = "westeurope"
  cluster         = "prod"
  link_subnet_id  = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme/subnets/published"
  vendor = {
    principals = {
      provision   = "11111111-2222-3333-4444-555555555555"
      maintain    = "22222222-2222-3333-4444-555555555555"
      deprovision = "33333333-2222-3333-4444-555555555555"
    }
    subscriptions = ["99999999-0000-4000-8000-000000000001"]
    issuer        = "https://token.vendor.example"
    on_call       = ["on-call"]
    external_id   = "acme-7f3b9c21"
  }
}

run "the_vendor_has_a_group_of_its_own" {
  command = apply

  assert {
    condition     = azurerm_resource_group.data_plane.name != var.resource_group && output.customer.data_plane_resource_group == azurerm_resource_group.data_plane.name && output.customer.tenant_id == "5f1d6cbe-3b1e-4b7e-9a0d-2c7f0a9e4d10"
    error_message = "The vendor is told where to work."
  }

  assert {
    condition = output.customer.principal_ids == {
      provision   = "11111111-2222-3333-4444-555555555555"
      maintain    = "22222222-2222-3333-4444-555555555555"
      deprovision = "33333333-2222-3333-4444-555555555555"
      break_glass = "66666666-2222-3333-4444-555555555555"
    }
    error_message = "Who is for what is handed over."
  }

  assert {
    condition     = output.break_glass.audience == "api://AzureADTokenExchange/acme-7f3b9c21"
    error_message = "Tokens of people on call are made out for this customer."
  }
}

run "glass_is_whole_by_default" {
  command = apply

  assert {
    condition     = !output.break_glass_open
    error_message = "Nobody takes break_glass before the customer says so."
  }
}

run "glass_is_broken_in_its_window" {
  command = apply

  variables {
    break_glass = { not_before = timeadd(timestamp(), "-1h"), not_after = timeadd(timestamp(), "1h"), incident = "INC-4711" }
  }

  assert {
    condition     = output.break_glass_open
    error_message = "In the window, for an incident."
  }
}

run "a_client_id_that_is_none" {
  command = plan

  variables {
    vendor = {
      principals    = { provision = "vendor-pipeline", maintain = "22222222-2222-3333-4444-555555555555", deprovision = "33333333-2222-3333-4444-555555555555" }
      subscriptions = ["99999999-0000-4000-8000-000000000001"]
    }
  }

  expect_failures = [var.vendor]
}

run "an_external_id_is_required" {
  command = plan

  variables {
    vendor = {
      principals = {
        provision   = "11111111-2222-3333-4444-555555555555"
        maintain    = "22222222-2222-3333-4444-555555555555"
        deprovision = "33333333-2222-3333-4444-555555555555"
      }
      subscriptions = ["99999999-0000-4000-8000-000000000001"]
      issuer        = "https://token.vendor.example"
      on_call       = ["on-call"]
    }
  }

  expect_failures = [var.vendor]
}
