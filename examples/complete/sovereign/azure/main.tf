provider "dataplane" {
  owner = "acme-prod"

  azure = {
    subscription_id       = var.subscription_id
    resource_group        = var.resource_group
    location              = var.location
    allowed_subscriptions = [var.subscription_id]
  }
}

provider "azurerm" {
  subscription_id = var.subscription_id
  features {}
}

data "dataplane_cluster" "this" {
  cluster = local.cluster
}

# Where policies let the operator go: the control plane. The tunnel's edge (`tunnel`) is left out: nothing of a sovereign data plane goes there.
data "dataplane_network_ranges" "this" {}

locals {
  cluster = { aks = { resource_group = var.resource_group, name = var.cluster } }

  control_plane = {
    cidrs = concat(data.dataplane_network_ranges.this.cloudflare.ipv4, data.dataplane_network_ranges.this.cloudflare.ipv6)
    ports = data.dataplane_network_ranges.this.cloudflare.ports
  }

  workspaces = {
    fraud-production = { project = "fraud", domain = "production", egress = [{ cidrs = var.egress.tasks, ports = [443] }] }
  }
}

module "azure" {
  source = "../../../../modules/azure"

  name       = "acme-prod"
  trust      = { azure = { issuer = data.dataplane_cluster.this.issuer } }
  workspaces = values(local.workspaces)

  buckets = {
    # Names of storage accounts are taken once in all of Azure.
    metadata          = { account = "${var.name_prefix}meta" }
    fast_registration = { account = "${var.name_prefix}fast" }
  }
  registry = { name = "${var.name_prefix}images" }
}

module "operator" {
  source = "../../../../modules/operator"

  cluster = local.cluster

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage    = module.azure.storage
  roles      = module.azure.roles
  workspaces = local.workspaces

  egress = {
    kubernetes_api = { cidrs = var.egress.kubernetes_api }
    control_plane  = local.control_plane
    object_store   = { cidrs = var.egress.tasks }
  }
}

# What clients come by in place of the tunnel: a balancer that only their own networks reach.
module "sovereign" {
  source = "../../../../modules/azure/sovereign"

  name                 = "acme-prod"
  resource_group       = var.resource_group
  network              = var.network
  cluster_principal_id = var.cluster_principal_id
  client_ranges        = var.client_ranges
}
