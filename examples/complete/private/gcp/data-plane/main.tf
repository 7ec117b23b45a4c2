# The data plane, in a cluster whose API is private: run from its network, or from one that reaches it.

provider "dataplane" {
  owner = var.foundation.name

  gcp = {
    project          = var.foundation.project
    region           = var.foundation.region
    allowed_projects = [var.foundation.project]
  }
}

data "dataplane_network_ranges" "this" {}

locals {
  control_plane = data.dataplane_network_ranges.this.cloudflare

  # Tasks reach Google's services at the endpoint's address, and nothing else.
  tasks_egress = [{ cidrs = var.foundation.google, ports = [443] }]

  workspaces = {
    fraud-production = { project = "fraud", domain = "production", egress = local.tasks_egress }
  }
}

module "gcp" {
  source = "../../../../../modules/gcp"

  name       = var.foundation.name
  trust      = { gke = { project = var.foundation.project } }
  workspaces = values(local.workspaces)

  # Names of buckets are taken once in all of Google Cloud.
  buckets = {
    metadata          = { name = "${var.foundation.project}-metadata" }
    fast_registration = { name = "${var.foundation.project}-fast-registration" }
  }
}

module "operator" {
  source = "../../../../../modules/operator"

  cluster = var.foundation.cluster

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage    = module.gcp.storage
  roles      = module.gcp.roles
  workspaces = local.workspaces

  egress = {
    kubernetes_api = { cidrs = [var.foundation.nodes] }
    object_store   = { cidrs = var.foundation.google }
    control_plane  = { cidrs = local.control_plane.ipv4, ports = local.control_plane.ports }
  }
}
