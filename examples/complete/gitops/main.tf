provider "dataplane" {
  owner = "acme-prod"

  aws = {
    region              = var.region
    allowed_account_ids = [var.account_id]
  }
}

# The cloud's side is Terraform's; nothing here needs a way to the cluster.
module "aws" {
  source = "../../../modules/aws"

  name       = "acme-prod"
  trust      = { irsa = { issuer = var.issuer } }
  workspaces = [{ project = "fraud", domain = "production" }]
}

# The cluster's side is Argo CD's or Flux's: exactly the objects that dataplane_operator would apply.
data "dataplane_manifests" "this" {
  create_namespace = true
  organization     = "acme"
  cluster_name     = "prod-eu"
  image            = var.operator_image
  control_plane    = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage = {
    metadata          = module.aws.storage.metadata
    fast_registration = module.aws.storage.fast_registration
  }
  roles = {
    admin      = module.aws.roles["admin"]
    builder    = module.aws.roles["builder"]
    log_writer = module.aws.roles["log_writer"]
  }
}
