# What the vendor's pipeline may do in this subscription. A role of Azure names no objects, and whoever may assign roles in a group can
# have everything in it: so the data plane has a group of its own, with nothing else in it. The way in, the network and the cluster
# itself are in the customer's.

resource "azurerm_resource_group" "data_plane" {
  name     = "${var.name}-data-plane"
  location = var.location
}

data "dataplane_permissions" "vendor" {
  resources = ["bucket", "role", "registry", "log_group"]
}

data "dataplane_permissions" "cluster" {
  resources = ["cluster"]
}

locals {
  # By what it is given on. Roles are defined in groups, and assigned there or on something in them.
  grants = {
    data_plane = {
      group = azurerm_resource_group.data_plane.id
      on    = azurerm_resource_group.data_plane.id
      role  = jsondecode(data.dataplane_permissions.vendor.policy)
    }
    cluster = {
      group = "/subscriptions/${var.subscription_id}/resourceGroups/${var.resource_group}"
      on    = data.azurerm_kubernetes_cluster.this.id
      role  = jsondecode(data.dataplane_permissions.cluster.policy)
    }
  }
}

resource "azurerm_role_definition" "vendor" {
  for_each = local.grants

  name        = "${var.name}-vendor-${each.key}"
  description = "The vendor's pipeline: provisions and maintains the data plane ${var.name}"
  scope       = each.value.group

  permissions {
    actions      = each.value.role.Actions
    data_actions = each.value.role.DataActions
  }
}

resource "azurerm_role_assignment" "vendor" {
  for_each = local.grants

  scope              = each.value.on
  role_definition_id = azurerm_role_definition.vendor[each.key].role_definition_resource_id
  principal_id       = var.vendor.principal_id
  principal_type     = "ServicePrincipal"
}

# Definitions and cluster roles are cluster-wide, so making them takes an administrator of the cluster.
resource "azurerm_role_assignment" "vendor_in_cluster" {
  scope                = data.azurerm_kubernetes_cluster.this.id
  role_definition_name = "Azure Kubernetes Service RBAC Cluster Admin"
  principal_id         = var.vendor.principal_id
  principal_type       = "ServicePrincipal"
}
