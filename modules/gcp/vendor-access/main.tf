# What each account may do is printed from the table that the provider itself works by.
data "dataplane_permissions" "this" {
  resources = var.data_plane.resources
  buckets   = var.data_plane.buckets
  secrets   = var.data_plane.secrets
  logs      = var.data_plane.logs
  registry  = var.data_plane.registry
  names     = var.data_plane.names
}

locals {
  subjects = { for access, subjects in var.subjects : access => subjects if length(subjects) > 0 }
  granted  = toset(concat(keys(local.subjects), [for access, principals in var.principals : access if length(principals) > 0]))
  allowed  = { for access in setsubtract(local.granted, ["break_glass"]) : access => jsondecode(data.dataplane_permissions.this.by_access[access]) }
  named    = { for access, role in local.allowed : access => try(role.condition.expression, null) }

  # The one permission by which the project itself could be given away is held to the roles that the data plane's accounts take.
  giving = "resourcemanager.projects.setIamPolicy"
  given  = ["roles/logging.logWriter", "roles/logging.viewAccessor", "roles/secretmanager.secretAccessor", "roles/secretmanager.secretVersionManager"]

  # Getting to a cluster's API is no condition's to narrow: modules/gcp/private-api grants it for one cluster, and takes it back.
  connecting = "container.clusters.connect"

  # What is created is asked of the project, where it has no name yet that a condition could be on.
  created = { for access, role in local.allowed : access => [for permission in role.includedPermissions : permission if endswith(permission, ".create")] }

  # As Google makes them, known before the accounts are made: others' grants go by them. A project of a domain's is named after it.
  domain = "${join(".", reverse(split(":", var.identities_project)))}.iam.gserviceaccount.com"
  emails = { for access, account in google_service_account.this : access => "${account.account_id}@${local.domain}" }

  grants = merge(
    {
      for access, role in local.allowed : access => {
        access      = access
        permissions = [for permission in role.includedPermissions : permission if !contains([local.giving, local.connecting], permission) && !contains(local.created[access], permission)]
        condition   = local.named[access]
      }
    },
    local.looking,
    {
      for access in ["provision"] : "${access}_creations" => {
        access      = access
        permissions = local.created[access]
        condition   = null
      } if contains(local.granted, access) && try(length(local.created[access]) > 0, false)
    },
    {
      for access in ["provision", "maintain", "deprovision"] : "${access}_bindings" => {
        access      = access
        permissions = [local.giving]
        condition   = "api.getAttribute(\"iam.googleapis.com/modifiedGrantsByRole\", []).hasOnly([${join(", ", [for role in local.given : "\"${role}\""])}])"
      } if contains(local.granted, access) && contains(var.data_plane.resources, "role")
    },
  )
}

# In the data plane's project the vendor sets policies of service accounts, which could be those of its own.
resource "google_service_account" "this" {
  for_each = local.granted

  account_id   = "${var.tenant}-${replace(each.key, "_", "-")}"
  project      = var.identities_project
  display_name = "The vendor of the data plane of ${var.tenant}: ${replace(each.key, "_", " ")}"
}

resource "google_project_iam_custom_role" "this" {
  for_each = local.grants

  role_id     = replace("${var.tenant}_vendor_${each.key}", "-", "_")
  project     = var.project
  title       = "The vendor of the data plane of ${var.tenant}: ${replace(each.key, "_", " ")}"
  permissions = each.value.permissions
}

resource "google_project_iam_member" "this" {
  for_each = { for name, grant in local.grants : name => grant if grant.access != "break_glass" || local.broken }

  project = var.project
  role    = google_project_iam_custom_role.this[each.key].id
  member  = "serviceAccount:${local.emails[each.value.access]}"

  dynamic "condition" {
    for_each = each.value.condition == null ? [] : [each.value.condition]

    content {
      title      = "dataplane_${each.key}"
      expression = condition.value
    }
  }

  # A grant is an account's, not its address': what is made anew under the same address has none of them.
  lifecycle {
    replace_triggered_by = [google_service_account.this]
  }
}
