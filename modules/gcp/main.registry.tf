resource "dataplane_registry" "this" {
  count = var.registry != null && try(var.registry.existing, null) == null ? 1 : 0

  name           = coalesce(var.registry.name, var.name)
  kms_key        = var.kms_key
  immutable_tags = var.registry.immutable_tags
  scan_on_push   = var.registry.scan_on_push
  keep_last      = var.registry.keep_last
  force_destroy  = var.registry.force_destroy
  tags           = var.tags
}

locals {
  registry = {
    name = one(concat(dataplane_registry.this[*].id, try([var.registry.existing.name], [])))
    url  = one(concat(dataplane_registry.this[*].url, try([var.registry.existing.url], [])))
  }
}
