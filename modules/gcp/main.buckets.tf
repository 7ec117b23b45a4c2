locals {
  buckets = {
    metadata          = var.buckets.metadata
    fast_registration = var.buckets.fast_registration
  }

  bucket_ids = {
    for key, bucket in local.buckets :
    key => bucket.existing == null ? dataplane_bucket.this[key].id : bucket.existing.id
  }
}

resource "dataplane_bucket" "this" {
  for_each = { for key, bucket in local.buckets : key => bucket if bucket.existing == null }

  name             = coalesce(each.value.name, "${var.name}-${replace(each.key, "_", "-")}")
  kms_key          = try(coalesce(each.value.kms_key, var.kms_key), null)
  versioning       = each.value.versioning
  soft_delete_days = each.value.soft_delete_days
  expiration       = each.value.expiration
  cors_origins     = each.value.cors_origins
  force_destroy    = each.value.force_destroy
  tags             = var.tags
}
