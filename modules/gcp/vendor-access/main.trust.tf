# Whose tokens are taken, and for which account. Who breaks glass has a pool of its own: nothing that the other lets in reaches it.

locals {
  broken   = var.break_glass != null
  incident = try(var.break_glass.incident, "")
  window   = "request.time >= timestamp(\"${try(var.break_glass.not_before, "")}\") && request.time < timestamp(\"${try(var.break_glass.not_after, "")}\")"

  daily = sort(distinct(flatten([for access, subjects in local.subjects : tolist(subjects) if access != "break_glass"])))
  glass = sort(tolist(var.subjects.break_glass))

  pools = merge(
    {
      for pool in ["vendor"] : pool => {
        condition = "assertion.sub in [${join(", ", [for subject in local.daily : "'${subject}'"])}]"
        disabled  = false
      } if length(local.daily) > 0
    },
    {
      for pool in ["break-glass"] : pool => {
        condition = "has(assertion.incident) && assertion.incident == '${local.incident}' && assertion.sub in [${join(", ", [for subject in local.glass : "'${subject}'"])}]"
        disabled  = !local.broken
      } if length(local.glass) > 0
    },
  )

  taken = merge([
    for access, subjects in local.subjects : {
      for subject in subjects : "${access}/${subject}" => {
        access  = access
        subject = subject
        pool    = access == "break_glass" ? "break-glass" : "vendor"
      } if access != "break_glass" || local.broken
    }
  ]...)
}

# A pool that was deleted keeps its name for 30 days: so one that is not wanted is switched off.
resource "google_iam_workload_identity_pool" "this" {
  for_each = local.pools

  project                   = var.identities_project
  workload_identity_pool_id = "${var.tenant}-${each.key}"
  display_name              = "${var.tenant}-${each.key}"
  description               = "The vendor of the data plane of ${var.tenant}"
  disabled                  = each.value.disabled
}

# Without audiences of its own it takes tokens that are made out for it by its full name, and none for another customer's.
resource "google_iam_workload_identity_pool_provider" "this" {
  for_each = local.pools

  project                            = var.identities_project
  workload_identity_pool_id          = google_iam_workload_identity_pool.this[each.key].workload_identity_pool_id
  workload_identity_pool_provider_id = "vendor"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  attribute_condition                = each.value.condition
  disabled                           = each.value.disabled

  oidc {
    issuer_uri = var.issuer
  }
}

# Who has credentials of its own becomes the account with these.
resource "google_service_account_iam_member" "impersonated" {
  for_each = merge([
    for access, principals in var.principals : {
      for principal in principals : "${access}/${principal}" => { access = access, principal = principal }
    }
  ]...)

  service_account_id = google_service_account.this[each.value.access].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = startswith(each.value.principal, "principal://") ? each.value.principal : "serviceAccount:${each.value.principal}"
}

# Credentials of an account are good for an hour, and both the token's subject and the account are in the audit logs.
resource "google_service_account_iam_member" "this" {
  for_each = local.taken

  service_account_id = google_service_account.this[each.value.access].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.this[each.value.pool].name}/subject/${each.value.subject}"

  dynamic "condition" {
    for_each = each.value.access == "break_glass" ? [local.window] : []

    content {
      title      = "break_glass"
      expression = condition.value
    }
  }
}
