# Nothing leaves but by the rules below. What comes in is refused by Google Cloud where no rule says otherwise.
resource "google_compute_firewall" "no_egress" {
  count = local.make ? 1 : 0

  name               = "${var.name}-no-egress"
  project            = var.project
  network            = google_compute_network.this[0].id
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
  count = local.make ? 1 : 0

  name               = "${var.name}-inside"
  project            = var.project
  network            = google_compute_network.this[0].id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = [var.ranges.nodes, var.ranges.pods, var.ranges.services]

  allow {
    protocol = "all"
  }
}

resource "google_compute_firewall" "google" {
  count = local.make && var.google_apis != "endpoints" ? 1 : 0

  name               = "${var.name}-google"
  project            = var.project
  network            = google_compute_network.this[0].id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = local.google_ranges

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

resource "google_compute_firewall" "internet" {
  count = local.make && var.nat && var.egress.mode == "open" ? 1 : 0

  name               = "${var.name}-internet"
  project            = var.project
  network            = google_compute_network.this[0].id
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

locals {
  limited = local.make && var.nat && var.egress.mode == "limited"
  edges = {
    control-plane = data.dataplane_network_ranges.this.cloudflare
    tunnel        = data.dataplane_network_ranges.this.tunnel
  }

  # What the way out is for, by name.
  allowed = local.limited ? merge(
    { for name, edge in local.edges : name => { cidrs = edge.ipv4, ports = edge.ports } },
    var.egress.allowed,
  ) : {}
}

resource "google_compute_firewall" "allowed" {
  for_each = local.allowed

  name               = "${var.name}-to-${each.key}"
  project            = var.project
  network            = google_compute_network.this[0].id
  direction          = "EGRESS"
  priority           = 1100
  destination_ranges = each.value.cidrs

  allow {
    protocol = "tcp"
    ports    = [for port in each.value.ports : tostring(port)]
  }

  # The tunnel prefers QUIC.
  dynamic "allow" {
    for_each = each.key == "tunnel" ? [each.value.ports] : []

    content {
      protocol = "udp"
      ports    = [for port in allow.value : tostring(port)]
    }
  }
}
