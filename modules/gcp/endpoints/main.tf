locals {
  # Google takes up to 20 letters and digits for the name of a bundle's endpoint.
  endpoint_name = substr("${replace(var.name, "-", "")}${replace(var.bundle, "-", "")}", 0, 20)
}

resource "dataplane_private_endpoint" "this" {
  name         = local.endpoint_name
  service_name = var.bundle
  network      = var.network.id
  address      = var.address
  tags         = var.labels
}

resource "google_dns_managed_zone" "this" {
  for_each = var.domains

  name        = "${var.name}-${replace(each.key, ".", "-")}"
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
