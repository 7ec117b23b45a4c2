# What is brought along is used, and not made again.

mock_provider "dataplane" {}

variables {
  name       = "acme-prod"
  workspaces = [{ project = "fraud", domain = "production" }]
  trust = {
    irsa = { provider_arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF" }
  }
}

run "an_oidc_provider" {
  command = plan

  assert {
    condition     = length(dataplane_identity_provider.this) == 0
    error_message = "No second provider is made for the same issuer."
  }

  assert {
    condition     = dataplane_role.this["admin"].trust.irsa.provider_arn == var.trust.irsa.provider_arn
    error_message = "The roles trust the provider that was given."
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
    condition     = dataplane_role.this["user"].buckets["metadata"].id == "acme-data-lake" && output.storage.metadata == "s3://acme-data-lake"
    error_message = "The roles and the operator get the bucket that was given."
  }
}

run "roles" {
  command = plan

  variables {
    roles = {
      admin = { existing = { principal = "arn:aws:iam::123456789012:role/platform" } }
      user  = { existing = { principal = "arn:aws:iam::123456789012:role/tasks" } }
    }
    registry = null
    logs     = null
  }

  assert {
    condition     = length(dataplane_role.this) == 0 && length(dataplane_registry.this) == 0 && length(dataplane_log_group.this) == 0
    error_message = "Without registry and logs no other role is needed."
  }

  assert {
    condition     = output.principals == { admin = "arn:aws:iam::123456789012:role/platform", user = "arn:aws:iam::123456789012:role/tasks" }
    error_message = "The roles that were given come out."
  }
}

run "a_key_and_a_boundary" {
  command = plan

  variables {
    kms_key = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    role_settings = {
      path                 = "/dataplane/"
      permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
    }
  }

  assert {
    condition     = alltrue([for bucket in dataplane_bucket.this : bucket.kms_key == var.kms_key]) && dataplane_log_group.this[0].kms_key == var.kms_key
    error_message = "The key is everywhere."
  }

  assert {
    condition     = alltrue([for role in dataplane_role.this : role.permissions_boundary == var.role_settings.permissions_boundary && role.path == "/dataplane/"])
    error_message = "The boundary is on every role."
  }

  assert {
    condition     = dataplane_role.this["user"].kms_keys == toset([var.kms_key])
    error_message = "Who reaches encrypted objects may use their key."
  }
}

run "pod_identity" {
  command = plan

  variables {
    trust = { pod_identity = { cluster = "prod" } }
  }

  assert {
    condition     = length(dataplane_identity_provider.this) == 0 && dataplane_role.this["admin"].trust.pod_identity.cluster == "prod" && dataplane_role.this["admin"].trust.irsa == null
    error_message = "Pod Identity needs no OIDC provider."
  }
}

run "a_way_to_the_buckets" {
  command = plan

  variables {
    storage_endpoint = "https://bucket.vpce-0a1b2c3d-e4f5.s3.eu-west-1.vpce.amazonaws.com"
  }

  assert {
    condition     = output.storage.endpoint == var.storage_endpoint
    error_message = "Pods go to the buckets where they are told to."
  }
}
