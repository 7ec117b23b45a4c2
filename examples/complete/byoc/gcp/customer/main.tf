# The customer's root: run by the customer, with the customer's identity, in the customer's two projects.

provider "google" {
  project = var.project
  region  = var.region
}

provider "dataplane" {
  owner = "${var.name}-access"

  gcp = {
    project          = var.project
    region           = var.region
    allowed_projects = [var.project]
  }
}

data "google_container_cluster" "this" {
  name     = var.cluster
  location = var.location
  project  = var.project
}

# Who may reach the API over its DNS endpoint: the accounts that the vendor works as. Glass that is broken opens it by itself.
module "private_api" {
  source = "../../../../../modules/gcp/private-api"

  name    = var.name
  project = var.project
  cluster = {
    name         = var.cluster
    location     = var.location
    dns_endpoint = data.google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint
  }

  vendor_service_accounts = [for access, account in module.vendor_access.service_accounts : account if access != "break_glass"]
}
