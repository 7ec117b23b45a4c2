# What the customer grants, and where.

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
  mock_resource "azurerm_resource_group" {
    defaults = { id = "/subscriptions/0a2b4c6d-0000-4000-8000-000000000001/resourceGroups/acme-prod-data-plane" }
  }
}

mock_provider "dataplane" {
  mock_data "dataplane_permissions" {
    defaults = {
      policy = "{\"Name\":\"dataplane\",\"Actions\":[\"Microsoft.Authorization/roleAssignments/write\",\"Microsoft.Resources/subscriptions/read\"],\"DataActions\":[\"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete\"]}"
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
    principal_id  = "11111111-2222-3333-4444-555555555555"
    subscriptions = ["99999999-0000-4000-8000-000000000001"]
  }
}

run "the_vendor_has_a_group_of_its_own" {
  command = apply

  assert {
    condition     = { for key, assignment in azurerm_role_assignment.vendor : key => assignment.scope } == { cluster = data.azurerm_kubernetes_cluster.this.id, data_plane = azurerm_resource_group.data_plane.id } && azurerm_role_assignment.vendor_in_cluster.scope == data.azurerm_kubernetes_cluster.this.id
    error_message = "Nothing is granted on the subscription or the customer's own group, where the way in is."
  }

  assert {
    condition     = alltrue([for definition in azurerm_role_definition.vendor : can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+$", definition.scope))])
    error_message = "Azure defines roles in groups and above, and not on a cluster."
  }

  assert {
    condition     = data.dataplane_permissions.cluster.resources == toset(["cluster"]) && !contains(data.dataplane_permissions.vendor.resources, "private_service")
    error_message = "On the cluster the vendor gets what finding it takes; and services that are published are the customer's."
  }

  assert {
    condition     = one(azurerm_role_definition.vendor["data_plane"].permissions).actions == tolist(["Microsoft.Authorization/roleAssignments/write", "Microsoft.Resources/subscriptions/read"]) && one(azurerm_role_definition.vendor["data_plane"].permissions).data_actions == toset(["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete"])
    error_message = "The vendor gets what is printed."
  }

  assert {
    condition     = azurerm_resource_group.data_plane.name != var.resource_group && output.customer.data_plane_resource_group == azurerm_resource_group.data_plane.name && output.customer.tenant_id == "5f1d6cbe-3b1e-4b7e-9a0d-2c7f0a9e4d10"
    error_message = "The vendor is told where to work."
  }
}

run "a_client_id_that_is_none" {
  command = plan

  variables {
    vendor = { principal_id = "vendor-pipeline", subscriptions = ["99999999-0000-4000-8000-000000000001"] }
  }

  expect_failures = [var.vendor]
}
