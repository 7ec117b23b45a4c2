# The foundation: the network, the way from it to AWS' services, and the cluster. It changes seldom, and by other people than the
# data plane on it.

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}

provider "dataplane" {
  owner = "${var.name}-foundation"

  aws = {
    region              = var.region
    allowed_account_ids = [var.account_id]
  }
}

module "network" {
  source = "../../../../../modules/aws/network"

  name     = var.name
  zones    = var.zones
  existing = var.existing

  # The way to the control plane and the tunnel's edge; where it leads is the cluster's egress.
  nat = var.existing == null ? {} : null
}

module "endpoints" {
  source = "../../../../../modules/aws/endpoints"

  name     = var.name
  region   = var.region
  network  = module.network.network
  accounts = [var.account_id]
}

# Pods' network policies know addresses only.
data "aws_prefix_list" "s3" {
  prefix_list_id = module.endpoints.prefix_lists["s3"]
}

module "cluster" {
  source = "../../../../../modules/aws/cluster"

  name               = var.name
  region             = var.region
  kubernetes_version = var.kubernetes_version
  admins             = var.admins
  authorized_ranges  = var.authorized_ranges

  # Once the endpoints are there: nodes cannot register before.
  network = module.endpoints.network
  egress  = { mode = "limited", prefix_lists = module.endpoints.prefix_lists }

  node_groups = {
    tasks = { instance_types = ["m7i.2xlarge"], max_size = 20 }
  }
}
