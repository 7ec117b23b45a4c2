locals {
  buckets = {
    metadata          = var.buckets.metadata
    fast_registration = var.buckets.fast_registration
  }

  bucket_ids = {
    for key, bucket in local.buckets :
    key => bucket.existing == null ? dataplane_bucket.this[key].id : bucket.existing.id
  }

  bucket_keys = compact([
    for bucket in local.buckets :
    bucket.existing == null ? try(coalesce(bucket.kms_key, var.kms_key), null) : bucket.existing.kms_key
  ])
}

resource "dataplane_bucket" "this" {
  for_each = { for key, bucket in local.buckets : key => bucket if bucket.existing == null }

  name              = coalesce(each.value.name, "${var.name}-${replace(each.key, "_", "-")}")
  kms_key           = try(coalesce(each.value.kms_key, var.kms_key), null)
  versioning        = each.value.versioning
  expiration        = each.value.expiration
  cors_origins      = each.value.cors_origins
  policy_statements = each.value.policy_statements
  force_destroy     = each.value.force_destroy
  tags              = var.tags
}
