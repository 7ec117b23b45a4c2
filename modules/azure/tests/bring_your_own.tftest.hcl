# What is brought along is used, and not made again.

mock_provider "dataplane" {}

variables {
  name       = "acme-prod"
  workspaces = [{ project = "fraud", domain = "production" }]
  trust      = { azure = { issuer = "https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000/" } }
}

run "a_bucket" {
  command = plan

  variables {
    buckets = {
      metadata = { existing = { id = "acmelake/metadata" } }
    }
  }

  assert {
    condition     = keys(dataplane_bucket.this) == ["fast_registration"]
    error_message = "Only the bucket that is missing is made."
  }

  assert {
    condition     = dataplane_role.this["user"].buckets["metadata"].id == "acmelake/metadata" && output.storage.metadata == "abfss://metadata@acmelake.dfs.core.windows.net"
    error_message = "The roles and the operator get the bucket that was given."
  }
}

run "a_bucket_outside_the_public_cloud" {
  command = plan

  variables {
    buckets = {
      metadata = { existing = { id = "acmelake/metadata", uri = "abfss://metadata@acmelake.dfs.core.usgovcloudapi.net" } }
    }
  }

  assert {
    condition     = output.storage.metadata == "abfss://metadata@acmelake.dfs.core.usgovcloudapi.net"
    error_message = "The operator gets the address that was given."
  }
}

run "roles" {
  command = plan

  variables {
    roles = {
      admin = { existing = { principal = "11111111-1111-1111-1111-111111111111", client_id = "22222222-2222-2222-2222-222222222222", tenant_id = "33333333-3333-3333-3333-333333333333" } }
      user  = { existing = { principal = "44444444-4444-4444-4444-444444444444", client_id = "55555555-5555-5555-5555-555555555555", tenant_id = "33333333-3333-3333-3333-333333333333" } }
    }
    registry = null
    logs     = null
  }

  assert {
    condition     = length(dataplane_role.this) == 0 && length(dataplane_registry.this) == 0 && length(dataplane_log_group.this) == 0
    error_message = "Without registry and logs no other role is needed."
  }

  assert {
    condition     = output.principals == { admin = "11111111-1111-1111-1111-111111111111", user = "44444444-4444-4444-4444-444444444444" }
    error_message = "The identities that were given come out."
  }

  assert {
    condition     = output.roles["user"].azure == { client_id = "55555555-5555-5555-5555-555555555555", tenant_id = "33333333-3333-3333-3333-333333333333" }
    error_message = "The operator gets the identities that were given."
  }
}

run "a_log_writer" {
  command = plan

  variables {
    roles = {
      log_writer = { existing = { principal = "11111111-1111-1111-1111-111111111111", client_id = "22222222-2222-2222-2222-222222222222", tenant_id = "33333333-3333-3333-3333-333333333333" } }
    }
  }

  assert {
    condition     = !contains(keys(dataplane_role.this), "log_writer") && output.roles["log_writer"].azure.client_id == "22222222-2222-2222-2222-222222222222"
    error_message = "The operator gets the identity that has its right on the data collection rule."
  }
}

run "a_key" {
  command = plan

  variables {
    kms_key = "https://acme-vault.vault.azure.net/keys/dataplane"
    buckets = {
      fast_registration = { kms_key = "https://acme-vault.vault.azure.net/keys/bundles" }
    }
  }

  assert {
    condition     = { for key, bucket in dataplane_bucket.this : key => bucket.kms_key } == { metadata = var.kms_key, fast_registration = "https://acme-vault.vault.azure.net/keys/bundles" }
    error_message = "Each bucket has its own key or the module's."
  }

  assert {
    condition     = dataplane_log_group.this[0].kms_key == null && alltrue([for role in dataplane_role.this : role.kms_keys == null])
    error_message = "The storage accounts use the key: neither the roles nor the workspace do."
  }
}

run "networks" {
  command = plan

  variables {
    buckets = {
      metadata = { allowed_networks = { ip_ranges = ["203.0.113.0/24"] } }
    }
  }

  assert {
    condition     = dataplane_bucket.this["metadata"].allowed_networks.ip_ranges == toset(["203.0.113.0/24"]) && dataplane_bucket.this["fast_registration"].allowed_networks == null
    error_message = "The account answers to the networks that were given."
  }
}

run "a_registry_and_logs" {
  command = plan

  variables {
    registry = { existing = { name = "acmeimages", url = "acmeimages.azurecr.io" } }
    logs     = { existing = { name = "tasks" } }
  }

  assert {
    condition     = length(dataplane_registry.this) == 0 && dataplane_role.this["builder"].registry == "acmeimages" && output.registry == "acmeimages.azurecr.io"
    error_message = "The builder pushes to the registry that was given."
  }

  assert {
    condition     = length(dataplane_log_group.this) == 0 && dataplane_role.this["admin"].logs == toset(["tasks"]) && output.log_group == "tasks"
    error_message = "Logs are read from the workspace that was given."
  }
}
