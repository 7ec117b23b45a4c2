# To connect, and to learn where: Google asks for it before the API server is asked. What may be done inside is Kubernetes' own to say.
resource "google_project_iam_custom_role" "this" {
  role_id     = replace("${var.name}-api", "-", "_")
  project     = var.project
  title       = "The way to the API of ${var.cluster.name}"
  permissions = ["container.clusters.connect", "container.clusters.get"]
}

resource "google_project_iam_member" "this" {
  for_each = var.vendor_service_accounts

  project = var.project
  role    = google_project_iam_custom_role.this.id
  member  = startswith(each.key, "principal://") ? each.key : "serviceAccount:${each.key}"

  condition {
    title      = "this_cluster_only"
    expression = "resource.name == \"projects/${var.project}/locations/${var.cluster.location}/clusters/${var.cluster.name}\""
  }
}
