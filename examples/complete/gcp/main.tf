provider "dataplane" {
  owner = "acme-prod"

  gcp = {
    project          = var.project
    region           = var.region
    allowed_projects = [var.project]
  }
}

locals {
  # A zonal cluster is in a zone, all else in the region around it.
  cluster = { gke = { project = var.project, location = coalesce(var.location, var.region), name = var.cluster } }

  # Task pods read and write Cloud Storage themselves, with credentials from the node's metadata server, which is always open to them.
  tasks_egress = var.egress.tasks == null ? null : [{ cidrs = var.egress.tasks, ports = [443] }]

  workspaces = {
    fraud-development = { project = "fraud", domain = "development", egress = local.tasks_egress }
    fraud-production  = { project = "fraud", domain = "production", egress = local.tasks_egress }
  }
}

module "gcp" {
  source = "../../../modules/gcp"

  name       = "acme-prod"
  workspaces = values(local.workspaces)

  trust = {
    gke = { project = var.project }
  }

  buckets = {
    # Names of buckets are taken once in all of Google Cloud. People's browsers read outputs through signed URLs.
    metadata          = { name = "${var.project}-metadata", cors_origins = [var.control_plane_endpoint] }
    fast_registration = { name = "${var.project}-fast-registration" }
  }
}

module "operator" {
  source = "../../../modules/operator"

  cluster = local.cluster

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage    = module.gcp.storage
  roles      = module.gcp.roles
  workspaces = local.workspaces

  # Wide as long as the variable says nothing.
  egress = {
    kubernetes_api = var.egress.kubernetes_api == null ? null : { cidrs = var.egress.kubernetes_api }
    control_plane  = var.egress.control_plane == null ? null : { cidrs = var.egress.control_plane }
  }
}
