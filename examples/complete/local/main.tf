provider "dataplane" {
  owner = "demo"

  aws = {
    region = var.region
    endpoints = merge(
      { for service in ["ecr", "eks", "iam", "logs", "s3", "secretsmanager", "sts"] : service => var.aws_endpoint },
      var.aws_endpoints,
    )
  }

  tags = {
    environment = "demo"
  }
}

locals {
  workspaces = {
    fraud-development = { project = "fraud", domain = "development" }
    fraud-production  = { project = "fraud", domain = "production" }
  }
}

module "aws" {
  source = "../../../modules/aws"

  name       = "demo"
  trust      = { irsa = { issuer = var.issuer } }
  workspaces = values(local.workspaces)

  buckets = {
    metadata          = { force_destroy = true }
    fast_registration = { force_destroy = true }
  }
  registry         = { force_destroy = true }
  storage_endpoint = var.storage_endpoint

  secrets       = { api-key = { recovery_window_days = 0 } }
  secret_values = { api-key = var.api_key }
}

module "operator" {
  source = "../../../modules/operator"

  cluster     = { kubeconfig = { path = var.kubeconfig, context = var.kube_context } }
  definitions = { prevent_deletion = false }

  organization  = "acme"
  cluster_name  = "demo"
  image         = var.operator_image
  control_plane = var.control_plane

  components = { executor = { tasks = { environment = var.task_environment } } }

  storage    = module.aws.storage
  roles      = module.aws.roles
  workspaces = local.workspaces
}
