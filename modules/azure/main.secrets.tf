resource "dataplane_secret" "this" {
  for_each = var.secrets

  name                 = "${var.secrets_vault}/${each.key}"
  value_wo             = var.secret_values[each.key]
  value_wo_version     = each.value.version
  recovery_window_days = each.value.recovery_window_days
  tags                 = var.tags
}
