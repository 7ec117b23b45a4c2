# The data plane, in a cluster whose API is private: run from where the foundation lets it be reached.

provider "dataplane" {
  owner = var.foundation.name

  aws = {
    region              = var.foundation.region
    allowed_account_ids = [var.account_id]
  }
}

data "dataplane_network_ranges" "this" {}

locals {
  control_plane = data.dataplane_network_ranges.this.cloudflare

  # Tasks reach S3 by its gateway, the other services by their endpoints' addresses, and nothing else.
  tasks_egress = [{ cidrs = concat(var.foundation.s3, var.foundation.services), ports = [443] }]

  workspaces = {
    fraud-production = { project = "fraud", domain = "production", egress = local.tasks_egress }
  }
}

module "aws" {
  source = "../../../../../modules/aws"

  name       = var.foundation.name
  trust      = { irsa = { issuer = var.foundation.issuer } }
  workspaces = values(local.workspaces)
}

module "operator" {
  source = "../../../../../modules/operator"

  cluster = var.foundation.cluster

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage    = module.aws.storage
  roles      = module.aws.roles
  workspaces = local.workspaces

  egress = {
    kubernetes_api = { cidrs = [var.foundation.control_plane] }
    object_store   = { cidrs = concat(var.foundation.s3, var.foundation.services) }
    control_plane  = { cidrs = local.control_plane.ipv4, ports = local.control_plane.ports }
  }
}
