# What each identity may do is printed from the table that the provider itself works by.
data "dataplane_permissions" "data_plane" {
  resources = var.resources
}

data "dataplane_permissions" "cluster" {
  resources = ["cluster"]
}

locals {
  subjects   = { for access, subjects in var.subjects : access => subjects if length(subjects) > 0 }
  principals = { for access, principal in var.principals : access => principal if principal != null }
  granted    = concat(keys(local.subjects), keys(local.principals))
  holders    = merge(local.principals, { for access, identity in azurerm_user_assigned_identity.this : access => identity.principal_id })

  # Azure has no end for an assignment: what is planned while the window is not open assigns nothing.
  open = var.break_glass == null ? false : (
    timecmp(plantimestamp(), var.break_glass.not_before) >= 0 && timecmp(plantimestamp(), var.break_glass.not_after) < 0
  )
  assigned = [for access in local.granted : access if access != "break_glass" || local.open]

  # Of the apply: what was planned inside the window may be applied much later.
  over     = var.break_glass == null ? false : timecmp(timestamp(), var.break_glass.not_after) >= 0
  too_late = "The break-glass window ended at ${try(var.break_glass.not_after, "")}, after this was planned: plan again, which takes back what is open."

  # A custom role is defined in groups and not on a cluster. Who would rewrite it has to be allowed to in each group that it is defined in, and
  # in that of the identities the vendor is allowed nothing.
  groups = {
    data_plane = var.resource_group.id
    cluster    = try(regex("(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+", var.cluster.id), "")
    identities = "${regex("(?i)^/subscriptions/[^/]+/resourceGroups/", var.resource_group.id)}${var.resource_group.identities}"
  }

  grants = merge(
    {
      for access in local.granted : "${access}/data_plane" => {
        access = access
        group  = local.groups.data_plane
        scope  = var.resource_group.id
        role   = jsondecode(data.dataplane_permissions.data_plane.by_access[access])
      }
    },
    {
      for access in local.granted : "${access}/cluster" => {
        access = access
        group  = local.groups.cluster
        scope  = try(var.cluster.id, "")
        role   = jsondecode(data.dataplane_permissions.cluster.by_access[access])
      } if var.cluster != null
    },
  )

  why = {
    for access in local.granted : access =>
    access == "break_glass" ? "The vendor, for ${try(var.break_glass.incident, "nothing")}" : "The vendor: ${access}"
  }
}

resource "azurerm_user_assigned_identity" "this" {
  for_each = local.subjects

  name                = "${var.tenant}-vendor-${replace(each.key, "_", "-")}"
  resource_group_name = var.resource_group.identities
  location            = var.resource_group.location
  tags                = var.tags
}

resource "azurerm_federated_identity_credential" "this" {
  for_each = merge([
    for access in local.assigned : {
      for subject in lookup(local.subjects, access, []) : "${access}/${subject}" => { access = access, subject = subject }
    }
  ]...)

  name                = substr(sha256(each.key), 0, 32)
  resource_group_name = var.resource_group.identities
  parent_id           = azurerm_user_assigned_identity.this[each.value.access].id
  issuer              = var.issuer
  subject             = each.value.subject
  # Else another customer of the vendor could have its pipeline take this identity.
  audience = ["api://AzureADTokenExchange/${var.external_id}"]

  lifecycle {
    precondition {
      condition     = each.value.access != "break_glass" || !local.over
      error_message = local.too_late
    }
  }
}

resource "azurerm_role_definition" "this" {
  for_each = local.grants

  name        = "${var.tenant}-vendor-${replace(replace(each.key, "/", "-"), "_", "-")}"
  description = "The vendor of the data plane of ${var.tenant}: ${replace(each.value.access, "_", " ")}"
  scope       = each.value.group

  assignable_scopes = distinct([each.value.group, local.groups.identities])

  permissions {
    actions      = each.value.role.Actions
    data_actions = each.value.role.DataActions
  }
}

resource "azurerm_role_assignment" "this" {
  for_each = { for name, grant in local.grants : name => grant if contains(local.assigned, grant.access) }

  scope              = each.value.scope
  role_definition_id = azurerm_role_definition.this[each.key].role_definition_resource_id
  principal_id       = local.holders[each.value.access]
  principal_type     = "ServicePrincipal"
  description        = local.why[each.value.access]

  lifecycle {
    precondition {
      condition     = each.value.access != "break_glass" || !local.over
      error_message = local.too_late
    }
  }
}

resource "azurerm_role_assignment" "in_cluster" {
  for_each = { for access in local.assigned : access => try(var.cluster.roles[access], null) if can(var.cluster.roles[access]) }

  scope                = var.cluster.id
  role_definition_name = each.value
  principal_id         = local.holders[each.key]
  principal_type       = "ServicePrincipal"
  description          = local.why[each.key]

  lifecycle {
    precondition {
      condition     = each.key != "break_glass" || !local.over
      error_message = local.too_late
    }
  }
}
