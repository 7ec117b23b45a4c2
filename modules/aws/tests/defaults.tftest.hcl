# What is made when only a name, a trust and the workspaces are given.

mock_provider "dataplane" {}

variables {
  name  = "acme-prod"
  trust = { irsa = { issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF" } }
  workspaces = [
    { project = "fraud", domain = "production" },
    { project = "fraud", domain = "staging" },
  ]
}

run "names_follow_the_data_plane" {
  command = plan

  assert {
    condition     = dataplane_bucket.this["metadata"].name == "acme-prod-metadata" && dataplane_bucket.this["fast_registration"].name == "acme-prod-fast-registration"
    error_message = "Buckets are named after the data plane."
  }

  assert {
    condition     = { for profile, role in dataplane_role.this : profile => role.name } == { admin = "adminflyterole", user = "userflyterole", builder = "acme-prod-builder", log_writer = "acme-prod-log-writer" }
    error_message = "The two roles have the documented names, the other two the data plane's."
  }

  assert {
    condition     = dataplane_registry.this[0].name == "acme-prod" && dataplane_log_group.this[0].name == "/dataplane/acme-prod"
    error_message = "Registry and log group are named after the data plane."
  }
}

run "the_user_role_reaches_objects_only" {
  command = plan

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
    condition     = dataplane_role.this["builder"].buckets == null && dataplane_role.this["builder"].secrets == null && dataplane_role.this["log_writer"].buckets == null
    error_message = "Neither the builder nor the log writer reads objects or secrets."
  }

  assert {
    condition     = length(setintersection(dataplane_role.this["builder"].subjects, dataplane_role.this["admin"].subjects)) == 0
    error_message = "A service account has one role."
  }
}

run "logs_are_kept_for_a_month_unless_told_otherwise" {
  command = plan

  assert {
    condition     = dataplane_log_group.this[0].retention_days == 30
    error_message = "Logs do not grow without end."
  }
}

run "logs_may_be_kept_for_ever" {
  command = plan

  variables {
    logs = { retention_days = 0 }
  }

  # What stands here is seen only where the module says nothing, which AWS takes as for ever.
  override_resource {
    target          = dataplane_log_group.this
    override_during = plan
    values          = { retention_days = -1 }
  }

  assert {
    condition     = dataplane_log_group.this[0].retention_days == -1
    error_message = "Without a retention nothing is removed."
  }
}

run "the_issuer_becomes_the_provider" {
  command = plan

  assert {
    condition     = dataplane_identity_provider.this[0].issuer == var.trust.irsa.issuer && dataplane_identity_provider.this[0].audiences == toset(["sts.amazonaws.com"])
    error_message = "The provider trusts the cluster's issuer for the audience of STS."
  }
}

run "the_outputs_fit_the_operator" {
  command = apply

  variables {
    secret_values = {}
  }

  override_resource {
    target = dataplane_identity_provider.this
    values = { arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF" }
  }

  override_resource {
    target = dataplane_bucket.this
    values = { id = "acme-prod-bucket", region = "eu-west-1" }
  }

  override_resource {
    target = dataplane_role.this
    values = { principal = "arn:aws:iam::123456789012:role/x" }
  }

  assert {
    condition     = output.storage.metadata == "s3://acme-prod-bucket" && output.storage.region == "eu-west-1" && output.storage.endpoint == null
    error_message = "The buckets come out as URIs with their region, whose own endpoint is used."
  }

  assert {
    condition     = alltrue([for role in output.roles : role.irsa.role_arn == "arn:aws:iam::123456789012:role/x" && role.pod_identity == null])
    error_message = "Each role comes out as the way it is trusted."
  }
}
