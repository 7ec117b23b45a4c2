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
    # Pods write logs through a data collection rule, which is not made here, and so neither is a role for it.
    var.roles.log_writer.existing == null ? {} : {
      log_writer = {
        existing = var.roles.log_writer.existing
        name     = null
        prefixes = null
        subjects = local.platform_subjects.log_writer
      }
    },
  )

  made = { for profile, role in local.roles : profile => role if role.existing == null }

  identities = merge(
    {
      for profile, _ in local.made :
      profile => {
        principal = dataplane_role.this[profile].principal
        client_id = dataplane_role.this[profile].service_account_annotations["azure.workload.identity/client-id"]
        tenant_id = dataplane_role.this[profile].service_account_annotations["azure.workload.identity/tenant-id"]
      }
    },
    { for profile, role in local.roles : profile => role.existing if role.existing != null },
  )
}

resource "dataplane_role" "this" {
  for_each = local.made

  name    = each.value.name
  profile = each.key

  trust    = var.trust
  subjects = each.value.subjects

  buckets = contains(["admin", "user"], each.key) ? {
    metadata          = { id = local.bucket_ids.metadata, prefixes = each.value.prefixes }
    fast_registration = { id = local.bucket_ids.fast_registration, prefixes = null }
  } : null
  secrets  = each.key == "admin" && var.secrets_vault != null ? "${var.secrets_vault}/" : null
  logs     = each.key == "admin" && var.logs != null ? local.log_groups : null
  registry = each.key == "builder" ? local.registry.name : null
  tags     = var.tags
}
