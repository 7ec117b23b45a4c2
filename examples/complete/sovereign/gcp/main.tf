provider "dataplane" {
  owner = "acme-prod"

  gcp = {
    project          = var.project
    region           = var.region
    allowed_projects = [var.project]
  }
}

provider "google" {
  project = var.project
  region  = var.region
}

# Where policies let the operator go: the control plane. The tunnel's edge (`tunnel`) is left out: nothing of a sovereign data plane goes there.
data "dataplane_network_ranges" "this" {}

locals {
  control_plane = {
    cidrs = concat(data.dataplane_network_ranges.this.cloudflare.ipv4, data.dataplane_network_ranges.this.cloudflare.ipv6)
    ports = data.dataplane_network_ranges.this.cloudflare.ports
  }

  # Names of Google's services lead there in networks of modules/gcp/network.
  google = data.dataplane_network_ranges.this.google_apis_private.ipv4

  workspaces = {
    fraud-production = { project = "fraud", domain = "production", egress = [{ cidrs = local.google, ports = [443] }] }
  }
}

module "gcp" {
  source = "../../../../modules/gcp"

  name       = "acme-prod"
  trust      = { gke = { project = var.project } }
  workspaces = values(local.workspaces)

  buckets = {
    # Names of buckets are taken once in all of Google Cloud.
    metadata          = { name = "${var.project}-metadata" }
    fast_registration = { name = "${var.project}-fast-registration" }
  }
}

module "operator" {
  source = "../../../../modules/operator"

  cluster = { gke = { project = var.project, location = var.region, name = var.cluster } }

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage    = module.gcp.storage
  roles      = module.gcp.roles
  workspaces = local.workspaces

  egress = {
    kubernetes_api = { cidrs = var.kubernetes_api }
    control_plane  = local.control_plane
    object_store   = { cidrs = local.google }
  }
}

# What clients come by in place of the tunnel: a balancer that only their own networks reach.
module "sovereign" {
  source = "../../../../modules/gcp/sovereign"

  name          = "acme-prod"
  project       = var.project
  region        = var.region
  network       = var.network
  client_ranges = var.client_ranges
}
