# What is brought along is used, and not made again.

mock_provider "dataplane" {}

variables {
  name       = "acme-prod"
  workspaces = [{ project = "fraud", domain = "production" }]
  trust      = { gke = { pool = "acme-clusters.svc.id.goog" } }
}

run "a_pool" {
  command = plan

  assert {
    condition     = dataplane_role.this["admin"].trust.gke.pool == "acme-clusters.svc.id.goog" && length(dataplane_identity_provider.this) == 0
    error_message = "The roles trust the pool that was given."
  }
}

run "rights_of_the_service_accounts_themselves" {
  command = plan

  variables {
    trust = { gke = { project = "acme-prod-123456", direct = true } }
  }

  assert {
    condition     = alltrue([for role in dataplane_role.this : role.trust.gke.direct])
    error_message = "The rights go to the cluster's service accounts."
  }

  assert {
    condition     = alltrue([for role in output.roles : role.gke.service_account == null])
    error_message = "Pods act in their own name."
  }
}

run "a_cluster_elsewhere" {
  command = apply

  variables {
    trust         = { oidc = { issuer = "https://oidc.example.com/prod" } }
    secret_values = {}
  }

  override_resource {
    target = dataplane_identity_provider.this
    values = { id = "projects/123456789012/locations/global/workloadIdentityPools/acme/providers/cluster" }
  }

  assert {
    condition     = dataplane_identity_provider.this[0].issuer == var.trust.oidc.issuer
    error_message = "The pool trusts the cluster's issuer."
  }

  assert {
    condition     = dataplane_role.this["admin"].trust.gke.pool == "projects/123456789012/locations/global/workloadIdentityPools/acme"
    error_message = "The roles trust the pool of the provider that was made."
  }

  assert {
    condition = alltrue([
      for role in output.roles :
      role.gke == null && role.google.provider == dataplane_identity_provider.this[0].id && role.google.audience == null && role.google.service_account != null
    ])
    error_message = "Pods exchange their tokens at the provider that was made, and act as the role's account."
  }
}

run "an_identity_provider" {
  command = plan

  variables {
    trust = { oidc = { provider = "projects/123456789012/locations/global/workloadIdentityPools/acme/providers/cluster" } }
  }

  assert {
    condition     = length(dataplane_identity_provider.this) == 0 && output.identity_provider == var.trust.oidc.provider
    error_message = "No second provider is made for the same issuer."
  }

  assert {
    condition     = dataplane_role.this["user"].trust.gke.pool == "projects/123456789012/locations/global/workloadIdentityPools/acme"
    error_message = "The roles trust the pool of the provider that was given."
  }
}

run "an_identity_provider_with_audiences" {
  command = plan

  variables {
    trust = {
      oidc = {
        provider  = "projects/123456789012/locations/global/workloadIdentityPools/acme/providers/cluster"
        audiences = ["sts", "dataplane"]
        direct    = true
      }
    }
  }

  assert {
    condition     = alltrue([for role in output.roles : role.google.provider == var.trust.oidc.provider && role.google.audience == "dataplane" && role.google.service_account == null])
    error_message = "Pods' tokens are for an audience of the provider, and pods act in their own name."
  }
}

run "a_bucket" {
  command = plan

  variables {
    buckets = {
      metadata = { existing = { id = "acme-data-lake" } }
    }
  }

  assert {
    condition     = keys(dataplane_bucket.this) == ["fast_registration"]
    error_message = "Only the bucket that is missing is made."
  }

  assert {
    condition     = dataplane_role.this["user"].buckets["metadata"].id == "acme-data-lake" && output.storage.metadata == "gs://acme-data-lake"
    error_message = "The roles and the operator get the bucket that was given."
  }
}

run "roles" {
  command = plan

  variables {
    roles = {
      admin = { existing = { principal = "platform@acme-iam.iam.gserviceaccount.com" } }
      user  = { existing = { principal = "tasks@acme-iam.iam.gserviceaccount.com" } }
    }
    registry = null
    logs     = null
  }

  assert {
    condition     = length(dataplane_role.this) == 0 && length(dataplane_registry.this) == 0 && length(dataplane_log_group.this) == 0
    error_message = "Without registry and logs no other role is needed."
  }

  assert {
    condition     = output.principals == { admin = "platform@acme-iam.iam.gserviceaccount.com", user = "tasks@acme-iam.iam.gserviceaccount.com" }
    error_message = "The roles that were given come out."
  }
}

run "a_key" {
  command = plan

  variables {
    kms_key       = "projects/acme-keys/locations/europe-west4/keyRings/dataplane/cryptoKeys/prod"
    secrets       = { token = {} }
    secret_values = { token = "x" }
  }

  assert {
    condition     = alltrue([for bucket in dataplane_bucket.this : bucket.kms_key == var.kms_key]) && dataplane_log_group.this[0].kms_key == var.kms_key && dataplane_registry.this[0].kms_key == var.kms_key && dataplane_secret.this["token"].kms_key == var.kms_key
    error_message = "The key is everywhere."
  }

  assert {
    condition     = alltrue([for role in dataplane_role.this : role.kms_keys == null])
    error_message = "The services' agents use the key: the roles need no right on it."
  }
}

run "a_registry_and_logs" {
  command = plan

  variables {
    registry = { existing = { name = "images", url = "europe-west4-docker.pkg.dev/acme-shared/images" } }
    logs     = { existing = { name = "tasks" } }
  }

  assert {
    condition     = length(dataplane_registry.this) == 0 && dataplane_role.this["builder"].registry == "images" && output.registry == "europe-west4-docker.pkg.dev/acme-shared/images"
    error_message = "The builder pushes to the repository that was given."
  }

  assert {
    condition     = length(dataplane_log_group.this) == 0 && dataplane_role.this["log_writer"].logs == toset(["tasks"]) && output.log_group == "tasks"
    error_message = "Logs go to the log bucket that was given."
  }
}
