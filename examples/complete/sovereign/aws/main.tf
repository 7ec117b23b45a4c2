provider "dataplane" {
  owner = "acme-prod"

  aws = {
    region              = var.region
    allowed_account_ids = [var.account_id]
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}

data "dataplane_cluster" "this" {
  cluster = { eks = { name = var.cluster, region = var.region } }
}

# Where policies let the operator go: the control plane. The tunnel's edge (`tunnel`) is left out: nothing of a sovereign data plane goes there.
data "dataplane_network_ranges" "this" {}

locals {
  control_plane = {
    cidrs = concat(data.dataplane_network_ranges.this.cloudflare.ipv4, data.dataplane_network_ranges.this.cloudflare.ipv6)
    ports = data.dataplane_network_ranges.this.cloudflare.ports
  }

  workspaces = {
    fraud-production = { project = "fraud", domain = "production", egress = [{ cidrs = var.egress.tasks, ports = [443] }] }
  }
}

module "aws" {
  source = "../../../../modules/aws"

  name       = "acme-prod"
  trust      = { irsa = { issuer = data.dataplane_cluster.this.issuer } }
  workspaces = values(local.workspaces)
}

module "operator" {
  source = "../../../../modules/operator"

  cluster = { eks = { name = var.cluster, region = var.region } }

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage    = module.aws.storage
  roles      = module.aws.roles
  workspaces = local.workspaces

  egress = {
    kubernetes_api = { cidrs = var.egress.kubernetes_api }
    control_plane  = local.control_plane
    object_store   = { cidrs = var.egress.tasks }
  }
}

# What clients come by in place of the tunnel: a balancer that only their own networks reach.
module "sovereign" {
  source = "../../../../modules/aws/sovereign"

  name          = "acme-prod"
  network       = var.network
  client_ranges = var.client_ranges
}
