output "network" {
  description = "The network as the other modules take it: `id`, `project`, `region`, `subnet_ids` (one), `cidr`, `pods_range` and `services_range` (names of secondary ranges), `nat_subnet` (for services published here), `google_domains` (whose names lead to Google's addresses)."
  value = {
    id             = google_compute_network.this.id
    project        = var.project
    region         = var.region
    subnet_ids     = [google_compute_subnetwork.this.id]
    cidr           = var.ranges.nodes
    pods_range     = "pods"
    services_range = "services"
    nat_subnet     = google_compute_subnetwork.published.id
    google_domains = local.google_domains
  }

  precondition {
    condition     = length(local.overlaps) == 0
    error_message = "${join("; ", local.overlaps)}: choose ranges that do not, since routes cannot tell them apart."
  }

  # Who takes the network takes it with its ways out: nodes that come before them cannot register.
  depends_on = [
    google_compute_firewall.inside,
    google_compute_firewall.google,
    google_compute_firewall.internet,
    google_compute_router_nat.this,
    google_dns_record_set.apex,
    google_dns_record_set.below,
  ]
}
