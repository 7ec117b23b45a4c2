locals {
  members = { for account in var.vendor_service_accounts : account => startswith(account, "principal://") ? account : "serviceAccount:${account}" }
}

# To connect, and to learn where: Google asks for it before the API server is asked. What may be done inside is Kubernetes' own to say.
resource "google_project_iam_custom_role" "this" {
  role_id     = replace("${var.name}-api", "-", "_")
  project     = var.project
  title       = "The way to the API of ${var.cluster.name}"
  permissions = ["container.clusters.connect", "container.clusters.get"]
}

resource "google_project_iam_member" "this" {
  for_each = local.members

  project = var.project
  role    = google_project_iam_custom_role.this.id
  member  = each.value

  condition {
    title      = "this_cluster_only"
    expression = "resource.name == \"projects/${var.project}/locations/${var.cluster.location}/clusters/${var.cluster.name}\""
  }
}

data "google_project" "this" {
  count = var.perimeter == null ? 0 : 1

  project_id = var.project
}

# The name of the DNS endpoint answers everywhere. Within a perimeter it is heard from where a rule says, and by whom.
resource "google_access_context_manager_service_perimeter_ingress_policy" "this" {
  count = var.perimeter == null ? 0 : 1

  perimeter = var.perimeter.name
  # A perimeter takes no two rules of one title, and a rule that changes is made anew: before the old one goes, so it has another title.
  title = join(" ", [
    substr("API of ${var.project}/${var.cluster.name}/${var.cluster.location}", 0, 90),
    substr(sha1(jsonencode([sort(values(local.members)), sort(var.perimeter.sources)])), 0, 8),
  ])

  ingress_from {
    identities = sort(values(local.members))

    dynamic "sources" {
      for_each = sort(var.perimeter.sources)

      content {
        resource = sources.value
      }
    }
  }

  ingress_to {
    resources = ["projects/${data.google_project.this[0].number}"]

    operations {
      service_name = "container.googleapis.com"

      method_selectors {
        method = "*"
      }
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}
