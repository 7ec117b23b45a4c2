# The vendor's root: run by the vendor's pipeline, from the vendor's network.

locals {
  cluster = {
    eks              = { name = var.customer.cluster, region = var.customer.region }
    private_endpoint = var.private_zone ? null : module.private_api.cluster_endpoint
  }
}

# The vendor's own account, where the endpoint is.
provider "aws" {
  region              = var.customer.region
  allowed_account_ids = [var.account_id]
}

provider "dataplane" {
  alias = "vendor"
  owner = "${var.customer.name}-access"

  aws = {
    region              = var.customer.region
    allowed_account_ids = [var.account_id]
  }
}

# The customer's account, as one of the roles that the customer granted. A session says who works.
provider "dataplane" {
  owner = var.customer.name

  aws = {
    region              = var.customer.region
    allowed_account_ids = [var.customer.account_id]
    assume_role = {
      role_arn        = var.customer.role_arns[var.access]
      external_id     = var.external_id
      source_identity = var.source_identity
      tags            = { "dataplane:tenant" = var.customer.name, "dataplane:operator" = var.source_identity }
    }
  }
}

# The way to the cluster's API: its own name leads to the endpoint in this network, or the endpoint is named in its place.
module "private_api" {
  source = "../../../../../modules/aws/private-api-consumer"

  name               = var.customer.name
  customer           = var.customer
  network            = var.network
  acceptance_timeout = var.acceptance_timeout
  dns                = var.private_zone

  providers = {
    aws       = aws
    dataplane = dataplane.vendor
  }
}

locals {
  workspaces = {
    fraud-production = { project = "fraud", domain = "production" }
  }
}

module "aws" {
  source = "../../../../../modules/aws"

  name       = var.customer.name
  trust      = { irsa = { issuer = var.customer.issuer } }
  workspaces = values(local.workspaces)

  # The customer's bound: roles without it are refused.
  role_settings = { permissions_boundary = var.customer.permissions_boundary }
}

module "operator" {
  source = "../../../../../modules/operator"

  cluster = local.cluster

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage    = module.aws.storage
  roles      = module.aws.roles
  workspaces = local.workspaces

  # Nothing of the cluster is asked for before the customer let this in.
  depends_on = [module.private_api]
}
