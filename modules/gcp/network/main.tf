locals {
  ranges = merge(var.ranges, { for what, range in var.other_ranges : "other/${what}" => range })

  # Each pair once: what is ours among itself, and against what others have.
  overlaps = flatten([
    for index, what in keys(var.ranges) : [
      for other in concat(slice(keys(var.ranges), index + 1, length(var.ranges)), [for name in keys(var.other_ranges) : "other/${name}"]) : [
        for pair in provider::dataplane::cidr_overlaps([var.ranges[what]], [local.ranges[other]]) : "${pair} of ${trimprefix(other, "other/")}"
      ]
    ]
  ])
}

resource "google_compute_network" "this" {
  name                    = var.name
  project                 = var.project
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"
}

resource "google_compute_subnetwork" "this" {
  name                     = var.name
  project                  = var.project
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = var.ranges.nodes
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = var.ranges.pods
  }

  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = var.ranges.services
  }

  dynamic "log_config" {
    for_each = var.flow_logs > 0 ? [var.flow_logs] : []

    content {
      flow_sampling        = log_config.value
      aggregation_interval = "INTERVAL_1_MIN"
      metadata             = "INCLUDE_ALL_METADATA"
    }
  }
}

resource "google_compute_subnetwork" "published" {
  name          = "${var.name}-published"
  project       = var.project
  region        = var.region
  network       = google_compute_network.this.id
  ip_cidr_range = var.ranges.published
  purpose       = "PRIVATE_SERVICE_CONNECT"
}

resource "google_compute_router" "this" {
  count = var.nat ? 1 : 0

  name    = var.name
  project = var.project
  region  = var.region
  network = google_compute_network.this.id
}

resource "google_compute_router_nat" "this" {
  count = var.nat ? 1 : 0

  name                               = var.name
  project                            = var.project
  region                             = var.region
  router                             = google_compute_router.this[0].name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.this.id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

# Nothing leaves but by the rules below. What comes in is refused by Google Cloud where no rule says otherwise.
resource "google_compute_firewall" "no_egress" {
  name               = "${var.name}-no-egress"
  project            = var.project
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 65000
  destination_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "inside" {
  name               = "${var.name}-inside"
  project            = var.project
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = [var.ranges.nodes, var.ranges.pods, var.ranges.services]

  allow {
    protocol = "all"
  }
}

# private.googleapis.com and restricted.googleapis.com.
resource "google_compute_firewall" "google" {
  name               = "${var.name}-google"
  project            = var.project
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = ["199.36.153.8/30", "199.36.153.4/30"]

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

resource "google_compute_firewall" "internet" {
  count = var.nat ? 1 : 0

  name               = "${var.name}-internet"
  project            = var.project
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 1100
  destination_ranges = ["0.0.0.0/0"]

  allow {
    protocol = "tcp"
    ports    = ["443", "7844"]
  }

  allow {
    protocol = "udp"
    ports    = ["7844"]
  }
}
