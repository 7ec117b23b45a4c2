data "dataplane_network_ranges" "this" {}

locals {
  # Who comes by a private connection comes with an address of the subnet for it.
  sources = setunion(var.client_ranges, var.offices == null ? [] : [var.offices.nat_range])
}

# The balancer's address is apart, so that rules can name it.
resource "google_compute_subnetwork" "this" {
  name          = "${var.name}-sovereign"
  project       = var.project
  region        = var.region
  network       = var.network.id
  ip_cidr_range = var.range
}

resource "google_compute_firewall" "clients" {
  name               = "${var.name}-sovereign-clients"
  project            = var.project
  network            = var.network.id
  direction          = "INGRESS"
  priority           = 900
  source_ranges      = local.sources
  destination_ranges = [var.range]

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

# Without answers to them the balancer leads nowhere. They ask at the balancer's address, on a port that Kubernetes chooses.
resource "google_compute_firewall" "health_checks" {
  name               = "${var.name}-sovereign-health"
  project            = var.project
  network            = var.network.id
  direction          = "INGRESS"
  priority           = 900
  source_ranges      = data.dataplane_network_ranges.this.google_health_checks.ipv4
  destination_ranges = [var.range]

  allow {
    protocol = "tcp"
  }
}

# Before the rules that GKE makes, which let in everybody where a Service names no ranges.
resource "google_compute_firewall" "others" {
  name               = "${var.name}-sovereign-others"
  project            = var.project
  network            = var.network.id
  direction          = "INGRESS"
  priority           = 950
  source_ranges      = ["0.0.0.0/0"]
  destination_ranges = [var.range]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "dataplane_private_service" "this" {
  count = var.offices == null ? 0 : 1

  name                 = "${var.name}-sovereign"
  load_balancer        = var.offices.load_balancer
  subnets              = [var.network.nat_subnet]
  allowed_principals   = var.offices.allowed_principals
  accepted_connections = var.offices.accepted_connections
  rejected_connections = var.offices.rejected_connections
  auto_accept          = var.offices.auto_accept
  force_destroy        = var.offices.force_destroy

  lifecycle {
    precondition {
      condition     = var.network.nat_subnet != null
      error_message = "A service is published from a subnet for it: give network.nat_subnet."
    }
  }
}
