output "network" {
  description = "The network as the other modules take it: `id`, `project`, `region`, `subnet_ids` (one), `cidr`, `pods_range` and `services_range` (names of secondary ranges), `nat_subnet` (for services published here), `google_domains` (whose names lead to Google's addresses)."
  value = {
    id             = local.make ? google_compute_network.this[0].id : data.google_compute_network.existing[0].id
    project        = var.project
    region         = var.region
    subnet_ids     = [local.make ? google_compute_subnetwork.this[0].id : data.google_compute_subnetwork.existing["nodes"].id]
    cidr           = local.make ? var.ranges.nodes : data.google_compute_subnetwork.existing["nodes"].ip_cidr_range
    pods_range     = local.make ? "pods" : var.existing.pods_range
    services_range = local.make ? "services" : var.existing.services_range
    nat_subnet     = local.make ? google_compute_subnetwork.published[0].id : try(data.google_compute_subnetwork.existing["published"].id, null)
    google_domains = local.google_domains
  }

  precondition {
    condition     = length(local.elsewhere) == 0
    error_message = "${join(", ", local.elsewhere)} belong to another network than ${local.make ? "this" : var.existing.network}."
  }

  precondition {
    condition     = length(local.unknown) == 0
    error_message = "${join(", ", local.unknown)}: the subnet has no secondary range of that name. It has ${join(", ", keys(local.secondary))}."
  }

  precondition {
    condition     = !local.unreached
    error_message = "Private Google Access of the subnet is off: without it, nodes that have no public address reach neither Google's interfaces nor its registries. Switch it on."
  }

  precondition {
    condition     = !local.small
    error_message = "The subnet's range is smaller than a /28: an upgrade of GKE and internal balancers need more addresses than that."
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
    google_compute_firewall.allowed,
    google_compute_router_nat.this,
    google_dns_record_set.apex,
    google_dns_record_set.below,
  ]
}
