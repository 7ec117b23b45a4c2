output "service" {
  description = "What the gateway's Service of type LoadBalancer takes: `annotations`, `load_balancer_source_ranges` and `class` (null for the cluster's own)."
  value = {
    annotations = tomap(merge(
      {
        "networking.gke.io/load-balancer-type"            = "Internal"
        "networking.gke.io/internal-load-balancer-subnet" = google_compute_subnetwork.this.name
      },
      var.global_access ? { "networking.gke.io/internal-load-balancer-allow-global-access" = "true" } : {},
    ))
    load_balancer_source_ranges = sort(local.sources)
    class                       = null
  }

  # A balancer that comes before its rules would be open to all.
  depends_on = [google_compute_firewall.clients, google_compute_firewall.health_checks, google_compute_firewall.others]
}

output "service_name" {
  description = "What the offices' endpoints name; null without `offices`."
  value       = one(dataplane_private_service.this[*].service_name)
}

output "connections" {
  description = "Who asked for a connection, and whether it is let in."
  value       = flatten(dataplane_private_service.this[*].connections)
}
