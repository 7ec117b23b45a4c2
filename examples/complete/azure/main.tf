provider "dataplane" {
  owner = "acme-prod"

  azure = {
    subscription_id       = var.subscription_id
    tenant_id             = var.tenant_id
    resource_group        = var.resource_group
    location              = var.location
    allowed_subscriptions = [var.subscription_id]
  }
}

locals {
  cluster = { aks = { resource_group = coalesce(var.cluster_resource_group, var.resource_group), name = var.cluster } }

  # Task pods read and write the storage accounts themselves, with credentials from Entra; both answer on 443.
  tasks_egress = var.egress.tasks == null ? null : [{ cidrs = var.egress.tasks, ports = [443] }]

  workspaces = {
    fraud-development = { project = "fraud", domain = "development", egress = local.tasks_egress }
    fraud-production  = { project = "fraud", domain = "production", egress = local.tasks_egress }
  }
}

data "dataplane_cluster" "this" {
  cluster = local.cluster
}

module "azure" {
  source = "../../../modules/azure"

  name       = "acme-prod"
  workspaces = values(local.workspaces)

  trust = {
    azure = { issuer = data.dataplane_cluster.this.issuer }
  }

  buckets = {
    # Names of storage accounts are taken once in all of Azure. People's browsers read outputs through signed URLs.
    metadata          = { account = "${var.name_prefix}meta", cors_origins = [var.control_plane_endpoint] }
    fast_registration = { account = "${var.name_prefix}fast" }
  }
  registry = { name = "${var.name_prefix}images" }

  secrets_vault = var.vault
}

module "operator" {
  source = "../../../modules/operator"

  cluster = local.cluster

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage    = module.azure.storage
  roles      = module.azure.roles
  workspaces = local.workspaces

  # Wide as long as the variable says nothing.
  egress = {
    kubernetes_api = var.egress.kubernetes_api == null ? null : { cidrs = var.egress.kubernetes_api }
    control_plane  = var.egress.control_plane == null ? null : { cidrs = var.egress.control_plane }
  }
}
