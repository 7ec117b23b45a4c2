locals {
  # Names of service accounts of the cluster are the operator's to say, so that roles can be made before it.
  platform_subjects = provider::dataplane::service_accounts(var.namespace, [])

  workspace_subjects = [
    for workspace in var.workspaces : {
      namespace       = "${workspace.project}-${workspace.domain}"
      service_account = "default"
    }
  ]

  roles = merge(
    {
      admin = {
        existing = var.roles.admin.existing
        name     = var.roles.admin.name
        prefixes = var.roles.admin.prefixes
        subjects = local.platform_subjects.admin
      }
      user = {
        existing = var.roles.user.existing
        name     = var.roles.user.name
        prefixes = var.roles.user.prefixes
        subjects = local.workspace_subjects
      }
    },
    var.registry == null ? {} : {
      builder = {
        existing = var.roles.builder.existing
        name     = coalesce(var.roles.builder.name, "${var.name}-builder")
        prefixes = null
        subjects = local.platform_subjects.builder
      }
    },
    var.logs == null ? {} : {
      log_writer = {
        existing = var.roles.log_writer.existing
        name     = coalesce(var.roles.log_writer.name, "${var.name}-log-writer")
        prefixes = null
        subjects = local.platform_subjects.log_writer
      }
    },
  )

  identity_provider = local.make_identity_provider ? dataplane_identity_provider.this[0].id : try(var.trust.oidc.provider, null)

  direct = var.trust.gke == null ? var.trust.oidc.direct : var.trust.gke.direct

  trust = {
    gke = {
      direct = local.direct
      pool = (
        # The name of a provider begins with that of its pool.
        var.trust.gke == null ? regex("^projects/[0-9]+/locations/global/workloadIdentityPools/[^/]+", local.identity_provider) :
        var.trust.gke.pool != null ? var.trust.gke.pool : "${var.trust.gke.project}.svc.id.goog"
      )
    }
  }

  principals = {
    for profile, role in local.roles :
    profile => role.existing == null ? dataplane_role.this[profile].principal : role.existing.principal
  }
}

resource "dataplane_role" "this" {
  for_each = { for profile, role in local.roles : profile => role if role.existing == null }

  name    = each.value.name
  profile = each.key

  trust    = local.trust
  subjects = each.value.subjects

  buckets = contains(["admin", "user"], each.key) ? {
    metadata          = { id = local.bucket_ids.metadata, prefixes = each.value.prefixes }
    fast_registration = { id = local.bucket_ids.fast_registration, prefixes = null }
  } : null
  secrets  = each.key == "admin" ? local.secrets_prefix : null
  logs     = contains(["admin", "log_writer"], each.key) && var.logs != null ? local.log_groups : null
  registry = each.key == "builder" ? local.registry.name : null
}
