locals {
  buckets = {
    metadata          = merge(var.buckets.metadata, { default_account = "${local.compact_name}meta", default_name = "metadata" })
    fast_registration = merge(var.buckets.fast_registration, { default_account = "${local.compact_name}fast", default_name = "fast-registration" })
  }

  bucket_ids = {
    for key, bucket in local.buckets :
    key => bucket.existing == null ? dataplane_bucket.this[key].id : bucket.existing.id
  }

  bucket_uris = {
    for key, bucket in local.buckets :
    key => bucket.existing == null ? dataplane_bucket.this[key].uri : coalesce(
      bucket.existing.uri,
      format("abfss://%s@%s.dfs.core.windows.net", reverse(split("/", bucket.existing.id))...),
    )
  }
}

resource "dataplane_bucket" "this" {
  for_each = { for key, bucket in local.buckets : key => bucket if bucket.existing == null }

  account                = coalesce(each.value.account, each.value.default_account)
  name                   = coalesce(each.value.name, each.value.default_name)
  hierarchical_namespace = each.value.hierarchical_namespace
  kms_key                = try(coalesce(each.value.kms_key, var.kms_key), null)
  versioning             = coalesce(each.value.versioning, !each.value.hierarchical_namespace)
  soft_delete_days       = each.value.soft_delete_days
  allowed_networks       = each.value.allowed_networks
  expiration             = each.value.expiration
  cors_origins           = each.value.cors_origins
  force_destroy          = each.value.force_destroy
  tags                   = var.tags
}
