output "storage" {
  description = "The two buckets as `modules/operator` takes them."
  value = {
    metadata          = "gs://${local.bucket_ids.metadata}"
    fast_registration = "gs://${local.bucket_ids.fast_registration}"
    region            = try(dataplane_bucket.this["metadata"].region, null)
  }
}

output "roles" {
  description = "The role of each profile as `modules/operator` takes them."
  value = {
    for profile, principal in local.principals :
    profile => {
      # With rights of their own, pods name no account to act as.
      gke = var.trust.gke == null ? null : { service_account = local.direct ? null : principal }
      google = var.trust.gke != null ? null : {
        provider        = local.identity_provider
        audience        = try(sort(var.trust.oidc.audiences)[0], null)
        service_account = local.direct ? null : principal
      }
    }
  }
}

output "principals" {
  description = "E-mail address of each service account, by profile."
  value       = local.principals
}

output "identity_provider" {
  description = "Full name of the workload identity provider that the roles trust; null with the pool of a GKE project."
  value       = local.identity_provider
}

output "registry" {
  description = "What stands before the tag of an image; null without a registry."
  value       = var.registry == null ? null : local.registry.url
}

output "log_group" {
  description = "Name of the log bucket; null without one."
  value       = one(local.log_groups)
}

output "secrets" {
  description = "Id of each secret made here, by its name."
  value       = { for name, secret in dataplane_secret.this : name => secret.id }
}
