# What is made when only a name, a trust and the workspaces are given.

mock_provider "dataplane" {}

variables {
  name  = "acme-prod"
  trust = { azure = { issuer = "https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000/" } }
  workspaces = [
    { project = "fraud", domain = "production" },
    { project = "fraud", domain = "staging" },
  ]
}

run "names_follow_the_data_plane" {
  command = plan

  assert {
    condition     = { for key, bucket in dataplane_bucket.this : key => "${bucket.account}/${bucket.name}" } == { metadata = "acmeprodmeta/metadata", fast_registration = "acmeprodfast/fast-registration" }
    error_message = "Each bucket has a storage account, named after the data plane."
  }

  assert {
    condition     = { for profile, role in dataplane_role.this : profile => role.name } == { admin = "adminflyterole", user = "userflyterole", builder = "acme-prod-builder" }
    error_message = "The two roles have the documented names, the builder the data plane's."
  }

  assert {
    condition     = dataplane_registry.this[0].name == "acmeprod" && dataplane_log_group.this[0].name == "acme-prod"
    error_message = "Registry and workspace are named after the data plane."
  }
}

run "buckets_keep_versions_unless_paths_are_directories" {
  command = plan

  variables {
    buckets = {
      fast_registration = { hierarchical_namespace = true }
    }
  }

  assert {
    condition     = dataplane_bucket.this["metadata"].versioning && !dataplane_bucket.this["metadata"].hierarchical_namespace
    error_message = "Overwritten metadata is kept."
  }

  assert {
    condition     = !dataplane_bucket.this["fast_registration"].versioning && dataplane_bucket.this["fast_registration"].hierarchical_namespace
    error_message = "Azure has either versions or directories."
  }
}

run "the_user_role_reaches_objects_only" {
  command = plan

  variables {
    secrets_vault = "acme-vault"
  }

  assert {
    condition     = length(dataplane_role.this["user"].buckets) == 2 && dataplane_role.this["user"].secrets == null && dataplane_role.this["user"].logs == null && dataplane_role.this["user"].registry == null
    error_message = "Task pods have the two buckets and nothing else."
  }

  assert {
    condition     = dataplane_role.this["user"].subjects == toset([{ namespace = "fraud-production", service_account = "default" }, { namespace = "fraud-staging", service_account = "default" }])
    error_message = "The user role trusts each workspace's service account."
  }
}

run "users_bytes_are_built_without_the_platforms_rights" {
  command = plan

  assert {
    condition     = dataplane_role.this["builder"].buckets == null && dataplane_role.this["builder"].secrets == null && dataplane_role.this["builder"].logs == null
    error_message = "The builder reads neither objects nor secrets nor logs."
  }

  assert {
    condition     = length(setintersection(dataplane_role.this["builder"].subjects, dataplane_role.this["admin"].subjects)) == 0
    error_message = "A service account has one role."
  }
}

run "the_issuer_is_trusted_by_every_role" {
  command = plan

  assert {
    condition     = alltrue([for role in dataplane_role.this : role.trust.azure.issuer == var.trust.azure.issuer])
    error_message = "The identities trust the cluster's issuer."
  }
}

run "logs_are_read_by_the_admin_role" {
  command = plan

  assert {
    condition     = dataplane_role.this["admin"].logs == toset(["acme-prod"])
    error_message = "The admin role reads the workspace."
  }
}

run "secrets_are_the_vaults" {
  command = plan

  variables {
    secrets_vault = "acme-vault"
    secrets       = { token = {}, old-token = { recovery_window_days = 0 } }
    secret_values = { token = "x", old-token = "y" }
  }

  assert {
    condition     = dataplane_role.this["admin"].secrets == "acme-vault/" && dataplane_secret.this["token"].name == "acme-vault/token"
    error_message = "The admin role has the vault, and the secrets are in it."
  }

  assert {
    condition     = dataplane_secret.this["old-token"].recovery_window_days == 0
    error_message = "A secret is purged where that was asked for."
  }
}

run "without_a_vault_there_are_no_secrets" {
  command = plan

  assert {
    condition     = dataplane_role.this["admin"].secrets == null
    error_message = "The admin role has no vault."
  }
}

run "the_outputs_fit_the_operator" {
  command = apply

  variables {
    secret_values = {}
  }

  override_resource {
    target = dataplane_bucket.this
    values = { id = "acmeprod/bucket", uri = "abfss://bucket@acmeprod.dfs.core.windows.net", region = "westeurope" }
  }

  override_resource {
    target = dataplane_role.this
    values = {
      principal = "11111111-1111-1111-1111-111111111111"
      service_account_annotations = {
        "azure.workload.identity/client-id" = "22222222-2222-2222-2222-222222222222"
        "azure.workload.identity/tenant-id" = "33333333-3333-3333-3333-333333333333"
      }
    }
  }

  assert {
    condition     = output.storage.metadata == "abfss://bucket@acmeprod.dfs.core.windows.net" && output.storage.region == "westeurope"
    error_message = "The buckets come out as URIs with their region."
  }

  assert {
    condition     = alltrue([for role in output.roles : role == { azure = { client_id = "22222222-2222-2222-2222-222222222222", tenant_id = "33333333-3333-3333-3333-333333333333" } }])
    error_message = "Each role comes out as the way it is trusted."
  }

  assert {
    condition     = alltrue([for principal in output.principals : principal == "11111111-1111-1111-1111-111111111111"])
    error_message = "For other role assignments, each identity comes out by its object id."
  }
}
