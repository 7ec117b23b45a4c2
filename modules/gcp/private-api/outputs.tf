output "hand_over" {
  description = "All that the vendor needs, as one object: nothing in it is secret."
  value = {
    project      = var.project
    location     = var.cluster.location
    cluster      = var.cluster.name
    dns_endpoint = var.cluster.dns_endpoint
  }

  depends_on = [google_project_iam_member.this, google_access_context_manager_service_perimeter_ingress_policy.this]
}
