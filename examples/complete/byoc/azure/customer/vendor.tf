# What the vendor may do in this subscription, by purpose. A role of Azure names no objects, and whoever may assign roles in a group can
# have everything in it: so the data plane has a group of its own, with nothing else in it. The way in, the network and the cluster
# itself are in the customer's, and so is the identity that breaks glass.

resource "azurerm_resource_group" "data_plane" {
  name     = "${var.name}-data-plane"
  location = var.location
}

module "vendor_access" {
  source = "../../../../../modules/azure/vendor-access"

  tenant = var.name

  # The vendor's applications work in its own subscription as well.
  principals = var.vendor.principals

  # Who is on call has a token that is made out for this customer.
  external_id = var.vendor.external_id
  issuer      = var.vendor.issuer
  subjects    = { break_glass = var.vendor.on_call }
  break_glass = var.break_glass

  resource_group = {
    id         = azurerm_resource_group.data_plane.id
    name       = azurerm_resource_group.data_plane.name
    location   = azurerm_resource_group.data_plane.location
    identities = var.resource_group
  }

  # Definitions and cluster roles are cluster-wide, so making them takes an administrator of the cluster.
  cluster = { id = data.azurerm_kubernetes_cluster.this.id }
}
