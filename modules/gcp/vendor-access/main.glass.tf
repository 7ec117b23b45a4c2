# What is looked at when something is broken. A condition takes twelve logical operators, which names and a window are more than: so it is
# granted service by service, each held to the names of its own.
data "dataplane_permissions" "break_glass" {
  for_each = contains(local.granted, "break_glass") ? setintersection(var.data_plane.resources, values(local.kinds)) : toset([])

  resources = [each.key]
  buckets   = var.data_plane.buckets
  secrets   = var.data_plane.secrets
  logs      = var.data_plane.logs
  registry  = var.data_plane.registry
  names     = var.data_plane.names
}

locals {
  # What a condition knows by name, by the service it is of.
  kinds   = { artifactregistry = "registry", logging = "log_group", secretmanager = "secret", storage = "bucket" }
  clauses = { for kind, printed in data.dataplane_permissions.break_glass : kind => try("(${jsondecode(printed.by_access["break_glass"]).condition.expression})", "") }

  looks      = contains(local.granted, "break_glass") ? jsondecode(data.dataplane_permissions.this.by_access["break_glass"]).includedPermissions : []
  by_service = { for permission in local.looks : lookup(local.kinds, split(".", permission)[0], "others") => permission... }
  looking = {
    for kind, permissions in local.by_service : kind == "others" ? "break_glass" : "break_glass_${kind}" => {
      access      = "break_glass"
      permissions = permissions
      condition   = join(" && ", compact([local.window, lookup(local.clauses, kind, "")]))
    }
  }
}
