locals {
  # Google takes up to 20 letters and digits for the name of a bundle's endpoint; what is longer stays apart by its hash.
  whole_name    = replace("${var.name}-${var.bundle}", "-", "")
  endpoint_name = length(local.whole_name) <= 20 ? local.whole_name : "${substr(local.whole_name, 0, 14)}${substr(sha1("${var.name}/${var.bundle}"), 0, 6)}"

  # Zones' names have up to 63 characters, which hosts of clusters' DNS endpoints have by themselves.
  zone_names = {
    for domain in var.domains : domain => length("${var.name}-${domain}") <= 63 ? "${var.name}-${replace(domain, ".", "-")}" : "${var.name}-${substr(sha1(domain), 0, 10)}"
  }
}

resource "dataplane_private_endpoint" "this" {
  name         = local.endpoint_name
  service_name = var.bundle
  network      = var.network.id
  address      = var.address
  tags         = var.labels
}

# Networks of `modules/gcp/network` let nothing out that no rule knows.
resource "google_compute_firewall" "this" {
  name               = "${var.name}-${var.bundle}"
  project            = var.project
  network            = var.network.id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = [for address in dataplane_private_endpoint.this.addresses : "${address}/32"]

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

resource "google_dns_managed_zone" "this" {
  for_each = var.domains

  name        = local.zone_names[each.key]
  project     = var.project
  dns_name    = "${each.key}."
  description = "Leads ${each.key} to the private endpoint of ${var.name}"
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    networks {
      network_url = var.network.id
    }
  }
}

resource "google_dns_record_set" "apex" {
  for_each = google_dns_managed_zone.this

  project      = var.project
  managed_zone = each.value.name
  name         = each.value.dns_name
  type         = "A"
  ttl          = 300
  rrdatas      = dataplane_private_endpoint.this.addresses
}

resource "google_dns_record_set" "below" {
  for_each = google_dns_managed_zone.this

  project      = var.project
  managed_zone = each.value.name
  name         = "*.${each.value.dns_name}"
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [each.value.dns_name]
}
