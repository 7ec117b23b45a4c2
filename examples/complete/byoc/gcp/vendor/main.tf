# The vendor's root: run by the vendor's pipeline, from the vendor's network.

locals {
  cluster = { gke = { project = var.customer.project, location = var.customer.location, name = var.customer.cluster } }
}

# The vendor's own project, where the endpoint is.
provider "google" {
  project = var.project
  region  = var.customer.region
}

provider "dataplane" {
  alias = "vendor"
  owner = "${var.customer.name}-access"

  gcp = {
    project          = var.project
    region           = var.customer.region
    allowed_projects = [var.project]
  }
}

# The customer's project, as one of the accounts that the customer lets the pipeline become.
provider "dataplane" {
  owner = var.customer.name

  gcp = {
    project                     = var.customer.project
    region                      = var.customer.region
    allowed_projects            = [var.customer.project]
    impersonate_service_account = var.customer.service_accounts[var.access]
  }
}

# The way to the cluster's API: its own name, and no other, leads to an endpoint for Google's services in this network.
module "endpoint" {
  source = "../../../../../modules/gcp/endpoints"

  name    = var.customer.name
  project = var.project
  network = var.network
  domains = [var.customer.dns_endpoint]

  providers = {
    google    = google
    dataplane = dataplane.vendor
  }
}

locals {
  workspaces = {
    fraud-production = { project = "fraud", domain = "production" }
  }
}

module "gcp" {
  source = "../../../../../modules/gcp"

  name       = var.customer.name
  trust      = { gke = { project = var.customer.project } }
  workspaces = values(local.workspaces)

  # Names of buckets are taken once in all of Google Cloud.
  buckets = {
    metadata          = { name = "${var.customer.project}-metadata" }
    fast_registration = { name = "${var.customer.project}-fast-registration" }
  }
}

module "operator" {
  source = "../../../../../modules/operator"

  cluster = local.cluster

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage    = module.gcp.storage
  roles      = module.gcp.roles
  workspaces = local.workspaces

  # Nothing of the cluster is asked for before there is a way to it.
  depends_on = [module.endpoint]
}
