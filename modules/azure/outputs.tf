output "storage" {
  description = "The two buckets as `modules/operator` takes them."
  value = {
    metadata          = local.bucket_uris.metadata
    fast_registration = local.bucket_uris.fast_registration
    region            = try(dataplane_bucket.this["metadata"].region, null)
  }
}

output "roles" {
  description = "The role of each profile as `modules/operator` takes them."
  value = {
    for profile, identity in local.identities :
    profile => { azure = { client_id = identity.client_id, tenant_id = identity.tenant_id } }
  }
}

output "principals" {
  description = "Object (principal) id of each managed identity, by profile."
  value       = { for profile, identity in local.identities : profile => identity.principal }
}

output "registry" {
  description = "What stands before the tag of an image; null without a registry."
  value       = var.registry == null ? null : local.registry.url
}

output "log_group" {
  description = "Name of the Log Analytics workspace; null without one."
  value       = one(local.log_groups)
}

output "secrets" {
  description = "Id of each secret made here, by its name."
  value       = { for name, secret in dataplane_secret.this : name => secret.id }
}
