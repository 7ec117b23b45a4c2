data "dataplane_network_ranges" "this" {}

locals {
  make = var.existing == null

  own_ranges = local.make ? var.ranges : local.existing_ranges
  ranges     = merge(local.own_ranges, { for what, range in var.other_ranges : "other/${what}" => range })

  # Each pair once: what is ours among itself, and against what others have.
  overlaps = flatten([
    for index, what in keys(local.own_ranges) : [
      for other in concat(slice(keys(local.own_ranges), index + 1, length(local.own_ranges)), [for name in keys(var.other_ranges) : "other/${name}"]) : [
        for pair in provider::dataplane::cidr_overlaps([local.own_ranges[what]], [local.ranges[other]]) : "${pair} of ${trimprefix(other, "other/")}"
      ]
    ]
  ])

  # private.googleapis.com and restricted.googleapis.com: announced on no internet, and reached by the route to it all the same.
  google_lists  = { private = data.dataplane_network_ranges.this.google_apis_private, restricted = data.dataplane_network_ranges.this.google_apis_restricted }
  google_ranges = flatten([for how, list in local.google_lists : list.ipv4 if how == var.google_apis])

  # What a cluster cannot be without: Google's interfaces, and the registries that nodes pull from.
  google_domains = !local.make || var.google_apis == "endpoints" ? toset([]) : toset(["googleapis.com", "gcr.io", "pkg.dev"])
}

resource "google_compute_network" "this" {
  count = local.make ? 1 : 0

  name                    = var.name
  project                 = var.project
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"
}

resource "google_compute_subnetwork" "this" {
  count = local.make ? 1 : 0

  name                     = var.name
  project                  = var.project
  region                   = var.region
  network                  = google_compute_network.this[0].id
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
  count = local.make ? 1 : 0

  name          = "${var.name}-published"
  project       = var.project
  region        = var.region
  network       = google_compute_network.this[0].id
  ip_cidr_range = var.ranges.published
  purpose       = "PRIVATE_SERVICE_CONNECT"
}

resource "google_compute_router" "this" {
  count = local.make && var.nat ? 1 : 0

  name    = var.name
  project = var.project
  region  = var.region
  network = google_compute_network.this[0].id
}

resource "google_compute_router_nat" "this" {
  count = local.make && var.nat ? 1 : 0

  name                               = var.name
  project                            = var.project
  region                             = var.region
  router                             = google_compute_router.this[0].name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.this[0].id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
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
      network_url = google_compute_network.this[0].id
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
