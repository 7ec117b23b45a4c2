resource "dataplane_registry" "this" {
  count = var.registry != null && try(var.registry.existing, null) == null ? 1 : 0

  name          = coalesce(var.registry.name, local.compact_name)
  force_destroy = var.registry.force_destroy
  tags          = var.tags
}

locals {
  registry = {
    name = one(concat(dataplane_registry.this[*].id, try([var.registry.existing.name], [])))
    url  = one(concat(dataplane_registry.this[*].url, try([var.registry.existing.url], [])))
  }
}
