# What the vendor's pipeline may do in this project: what the data plane's own resources need, as an account of the customer's that the
# vendor's pipeline becomes. Whoever sets the policies of service accounts can be any of them: so the project holds the data plane and
# nothing else.

resource "google_service_account" "vendor" {
  account_id   = "${var.name}-vendor"
  project      = var.project
  display_name = "The vendor's pipeline: provisions and maintains the data plane ${var.name}"
}

locals {
  vendor   = "${google_service_account.vendor.account_id}@${var.project}.iam.gserviceaccount.com"
  required = jsondecode(data.dataplane_permissions.vendor.policy)

  # The one permission by which the project itself could be given away is held to the roles that the data plane's accounts take.
  giving = "resourcemanager.projects.setIamPolicy"
  given = [
    "roles/logging.logWriter",
    "roles/logging.viewAccessor",
    "roles/secretmanager.secretAccessor",
    "roles/secretmanager.secretVersionManager",
  ]

  # What is created is asked of the project, where it has no name yet that a condition could be on.
  creating = [for permission in local.required.includedPermissions : permission if endswith(permission, ".create")]

  grants = {
    creations = {
      permissions = local.creating
      condition   = null
    }
    data_plane = {
      permissions = [for permission in local.required.includedPermissions : permission if permission != local.giving && !contains(local.creating, permission)]
      condition   = local.required.condition
    }
    bindings = {
      permissions = [local.giving]
      condition = {
        title       = "roles_of_the_data_plane"
        description = "No other roles are given or taken"
        expression  = "api.getAttribute(\"iam.googleapis.com/modifiedGrantsByRole\", []).hasOnly([${join(", ", [for role in local.given : "\"${role}\""])}])"
      }
    }
  }
}

# Who becomes it. The token is good for an hour at most, and both sides' audit logs name the pipeline.
resource "google_service_account_iam_member" "vendor" {
  for_each = var.vendor_service_accounts

  service_account_id = "projects/${var.project}/serviceAccounts/${local.vendor}"
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = startswith(each.key, "principal://") ? each.key : "serviceAccount:${each.key}"
}

data "dataplane_permissions" "vendor" {
  resources = ["bucket", "role", "registry", "log_group", "secret", "cluster"]

  buckets  = ["${var.project}-metadata", "${var.project}-fast-registration"]
  secrets  = "${var.name}-"
  registry = var.name
  logs     = [var.name]
}

resource "google_project_iam_custom_role" "vendor" {
  for_each = local.grants

  role_id     = replace("${var.name}-vendor-${each.key}", "-", "_")
  project     = var.project
  title       = "The data plane ${var.name}: the vendor's pipeline"
  permissions = each.value.permissions
}

resource "google_project_iam_member" "vendor" {
  for_each = local.grants

  project = var.project
  role    = google_project_iam_custom_role.vendor[each.key].id
  member  = "serviceAccount:${local.vendor}"

  dynamic "condition" {
    for_each = each.value.condition == null ? [] : [each.value.condition]

    content {
      title       = condition.value.title
      description = condition.value.description
      expression  = condition.value.expression
    }
  }
}
