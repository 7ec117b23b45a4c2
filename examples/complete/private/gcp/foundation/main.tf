# The foundation: the network, the cluster in it, and the way from it to Google's services. It changes seldom, and by other people
# than the data plane on it.

provider "google" {
  project = var.project
  region  = var.region
}

provider "dataplane" {
  owner = "${var.name}-foundation"

  gcp = {
    project          = var.project
    region           = var.region
    allowed_projects = [var.project]
  }
}

module "network" {
  source = "../../../../../modules/gcp/network"

  name     = var.name
  project  = var.project
  region   = var.region
  existing = var.existing

  # The one way out is to the control plane and the tunnel's edge; names of Google's services lead to an address of the network.
  nat         = var.existing == null
  egress      = var.existing == null ? { mode = "limited" } : {}
  google_apis = "endpoints"
}

module "endpoints" {
  source = "../../../../../modules/gcp/endpoints"

  name    = var.name
  project = var.project
  network = module.network.network
  address = var.endpoint_address
}

module "cluster" {
  source = "../../../../../modules/gcp/cluster"

  name              = var.name
  project           = var.project
  authorized_ranges = var.authorized_ranges

  # Nodes cannot register before there is a way.
  network = module.endpoints.network

  node_pools = {
    tasks = { machine_type = "e2-standard-8", max_size = 20 }
  }
}
