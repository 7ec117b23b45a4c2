output "storage" {
  description = "The two buckets as `modules/operator` takes them."
  value = {
    metadata          = "s3://${local.bucket_ids.metadata}"
    fast_registration = "s3://${local.bucket_ids.fast_registration}"
    region            = try(dataplane_bucket.this["metadata"].region, null)
    endpoint          = var.storage_endpoint
  }
}

output "roles" {
  description = "The role of each profile as `modules/operator` takes them."
  value = {
    for profile, principal in local.principals :
    profile => {
      irsa         = var.trust.irsa == null ? null : { role_arn = principal }
      pod_identity = var.trust.pod_identity == null ? null : { role_arn = principal }
    }
  }
}

output "principals" {
  description = "ARN of each role, by profile."
  value       = local.principals
}

output "identity_provider" {
  description = "ARN of the IAM OIDC provider that the roles trust; null with Pod Identity."
  value       = try(local.trust.irsa.provider_arn, null)
}

output "registry" {
  description = "What stands before the tag of an image; null without a registry."
  value       = var.registry == null ? null : local.registry.url
}

output "log_group" {
  description = "Name of the log group; null without one."
  value       = one(local.log_groups)
}

output "secrets" {
  description = "Id of each secret made here, by its name."
  value       = { for name, secret in dataplane_secret.this : name => secret.id }
}
