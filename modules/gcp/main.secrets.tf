resource "dataplane_secret" "this" {
  for_each = var.secrets

  name             = "${local.secrets_prefix}${each.key}"
  kms_key          = try(coalesce(each.value.kms_key, var.kms_key), null)
  value_wo         = var.secret_values[each.key]
  value_wo_version = each.value.version
  tags             = var.tags
}
