# The customer's root: run by the customer, with the customer's identity, in the customer's account.

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}

provider "dataplane" {
  owner = "${var.name}-access"

  aws = {
    region              = var.region
    allowed_account_ids = [var.account_id]
  }
}

data "aws_eks_cluster" "this" {
  name = var.cluster
}

# The network is there already: it is checked, and gets a security group for endpoints.
module "network" {
  source = "../../../../../modules/aws/network"

  name     = var.name
  existing = var.network
}

module "private_api" {
  source = "../../../../../modules/aws/private-api"

  name    = var.name
  network = module.network.network
  cluster = {
    name              = var.cluster
    region            = var.region
    endpoint          = data.aws_eks_cluster.this.endpoint
    ca_certificate    = base64decode(data.aws_eks_cluster.this.certificate_authority[0].data)
    security_group_id = data.aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  }

  allowed_principals   = var.vendor.principals
  accepted_connections = var.accepted_connections
  rejected_connections = var.rejected_connections
  force_destroy        = var.force_destroy
  role_arns            = module.vendor_access.role_arns
}
