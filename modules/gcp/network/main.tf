data "dataplane_network_ranges" "this" {}

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

  # private.googleapis.com and restricted.googleapis.com: announced on no internet, and reached by the route to it all the same.
  google_lists  = { private = data.dataplane_network_ranges.this.google_apis_private, restricted = data.dataplane_network_ranges.this.google_apis_restricted }
  google_ranges = flatten([for how, list in local.google_lists : list.ipv4 if how == var.google_apis])

  # What a cluster cannot be without: Google's interfaces, and the registries that nodes pull from.
  google_domains = var.google_apis == "endpoints" ? toset([]) : toset(["googleapis.com", "gcr.io", "pkg.dev"])
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

resource "google_compute_firewall" "google" {
  count = var.google_apis == "endpoints" ? 0 : 1

  name               = "${var.name}-google"
  project            = var.project
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = local.google_ranges

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

# Without them the names lead to Google's public addresses, which nothing goes out to.
resource "google_dns_managed_zone" "google" {
  for_each = local.google_domains

  name        = "${var.name}-${replace(each.key, ".", "-")}"
  project     = var.project
  dns_name    = "${each.key}."
  description = "Leads ${each.key} to ${var.google_apis}.googleapis.com in the network of ${var.name}"
  visibility  = "private"

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

resource "google_dns_record_set" "apex" {
  for_each = google_dns_managed_zone.google

  project      = var.project
  managed_zone = each.value.name
  name         = each.value.dns_name
  type         = "A"
  ttl          = 300
  rrdatas      = [for host in range(4) : cidrhost(local.google_ranges[0], host)]
}

resource "google_dns_record_set" "below" {
  for_each = google_dns_managed_zone.google

  project      = var.project
  managed_zone = each.value.name
  name         = "*.${each.value.dns_name}"
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [each.value.dns_name]
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
