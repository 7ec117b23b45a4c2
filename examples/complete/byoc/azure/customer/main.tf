# The customer's root: run by the customer, with the customer's identity, in the customer's subscription.

provider "azurerm" {
  subscription_id = var.subscription_id

  features {}
}

provider "dataplane" {
  owner = "${var.name}-access"

  azure = {
    subscription_id       = var.subscription_id
    resource_group        = var.resource_group
    location              = var.location
    allowed_subscriptions = [var.subscription_id]
  }
}

data "azurerm_client_config" "this" {}

data "azurerm_kubernetes_cluster" "this" {
  name                = var.cluster
  resource_group_name = var.resource_group
}

module "private_api" {
  source = "../../../../../modules/azure/private-api"

  name    = var.name
  network = { link_subnet_id = var.link_subnet_id }
  cluster = {
    name                = var.cluster
    resource_group      = var.resource_group
    node_resource_group = data.azurerm_kubernetes_cluster.this.node_resource_group
    private_fqdn        = data.azurerm_kubernetes_cluster.this.private_fqdn
  }

  allowed_subscriptions = var.vendor.subscriptions
  accepted_connections  = var.accepted_connections
  rejected_connections  = var.rejected_connections
  force_destroy         = var.force_destroy
}
