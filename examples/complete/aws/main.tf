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
  # Task pods read and write S3 themselves, with credentials from STS; both answer on 443.
  tasks_egress = var.egress.tasks == null ? null : [{ cidrs = var.egress.tasks, ports = [443] }]

  workspaces = {
    fraud-development = { project = "fraud", domain = "development", egress = local.tasks_egress }
    fraud-production  = { project = "fraud", domain = "production", egress = local.tasks_egress }
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

  components = { executor = {} }

  storage    = module.aws.storage
  roles      = module.aws.roles
  workspaces = local.workspaces

  # Wide as long as the variable says nothing.
  egress = {
    kubernetes_api = var.egress.kubernetes_api == null ? null : { cidrs = var.egress.kubernetes_api }
    control_plane  = var.egress.control_plane == null ? null : { cidrs = var.egress.control_plane }
  }
}
