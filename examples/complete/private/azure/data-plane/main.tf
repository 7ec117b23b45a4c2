# The data plane, in a cluster whose API is private: run from its network, or from one that reaches it.

provider "azurerm" {
  subscription_id = var.foundation.subscription_id

  features {}
}

provider "dataplane" {
  owner = var.foundation.name

  azure = {
    subscription_id       = var.foundation.subscription_id
    resource_group        = var.foundation.resource_group
    location              = var.foundation.location
    allowed_subscriptions = [var.foundation.subscription_id]
  }
}

data "dataplane_network_ranges" "this" {}

locals {
  control_plane = data.dataplane_network_ranges.this.cloudflare

  accounts = { metadata = "${var.name_prefix}meta", fast-registration = "${var.name_prefix}fast" }
  group    = "/subscriptions/${var.foundation.subscription_id}/resourceGroups/${var.foundation.resource_group}"
  storage  = [for address in flatten(values(module.endpoints.addresses)) : "${address}/32"]

  # Tasks reach the buckets at the endpoints' addresses. Entra, by which they sign in, has none; its addresses are in `entra`.
  tasks_egress = [{ cidrs = concat(local.storage, var.entra), ports = [443] }]

  workspaces = {
    fraud-production = { project = "fraud", domain = "production" }
  }
}

module "azure" {
  source = "../../../../../modules/azure"

  name       = var.foundation.name
  trust      = { azure = { issuer = var.foundation.issuer } }
  workspaces = values(local.workspaces)

  # Names of storage accounts are taken once in all of Azure. No network is let in: only endpoints lead to them.
  buckets = {
    metadata          = { account = local.accounts.metadata, allowed_networks = {} }
    fast_registration = { account = local.accounts.fast-registration, allowed_networks = {} }
  }

  # Endpoints lead to registries of the tier Premium only, and those of this module are none: images come from one that is there.
  registry = null
}

module "endpoints" {
  source = "../../../../../modules/azure/endpoints"

  name           = var.foundation.name
  resource_group = var.foundation.resource_group
  network        = var.foundation.network
  zones          = var.zones

  storage_accounts = { for use, account in local.accounts : use => { id = "${local.group}/providers/Microsoft.Storage/storageAccounts/${account}", parts = ["blob", "dfs"] } }
  registries       = var.registries

  depends_on = [module.azure]
}

module "operator" {
  source = "../../../../../modules/operator"

  cluster = var.foundation.cluster

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage    = module.azure.storage
  roles      = module.azure.roles
  workspaces = { for name, workspace in local.workspaces : name => merge(workspace, { egress = local.tasks_egress }) }

  egress = {
    kubernetes_api = { cidrs = [var.foundation.network.cidr] }
    object_store   = { cidrs = concat(local.storage, var.entra) }
    control_plane  = { cidrs = local.control_plane.ipv4, ports = local.control_plane.ports }
  }
}
