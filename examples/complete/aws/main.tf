provider "dataplane" {
  owner = "acme-prod"

  aws = {
    region              = var.region
    allowed_account_ids = [var.account_id]
  }
}

data "dataplane_cluster" "this" {
  cluster = { eks = { name = var.cluster, region = var.region } }
}

locals {
  workspaces = {
    fraud-development = { project = "fraud", domain = "development" }
    fraud-production  = { project = "fraud", domain = "production" }
  }
}

module "aws" {
  source = "../../../modules/aws"

  name       = "acme-prod"
  workspaces = values(local.workspaces)

  trust = {
    irsa         = var.pod_identity ? null : { issuer = data.dataplane_cluster.this.issuer }
    pod_identity = var.pod_identity ? { cluster = var.cluster } : null
  }

  buckets = {
    # Where people's browsers read outputs through signed URLs.
    metadata = { cors_origins = [var.control_plane_endpoint] }
  }

  role_settings = {
    path                 = "/dataplane/"
    permissions_boundary = var.permissions_boundary
  }
}

module "operator" {
  source = "../../../modules/operator"

  cluster = { eks = { name = var.cluster, region = var.region } }

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  storage    = module.aws.storage
  roles      = module.aws.roles
  workspaces = local.workspaces
}
