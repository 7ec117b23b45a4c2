resource "dataplane_log_group" "this" {
  count = var.logs != null && try(var.logs.existing, null) == null ? 1 : 0

  name           = coalesce(var.logs.name, "/dataplane/${var.name}")
  kms_key        = var.kms_key
  retention_days = var.logs.retention_days == 0 ? null : var.logs.retention_days
  tags           = var.tags
}

locals {
  log_groups = concat(dataplane_log_group.this[*].name, try([var.logs.existing.name], []))
}
