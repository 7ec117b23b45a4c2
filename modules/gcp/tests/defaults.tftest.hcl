# What is made when only a name, a trust and the workspaces are given.

mock_provider "dataplane" {}

variables {
  name  = "acme-prod"
  trust = { gke = { project = "acme-prod-123456" } }
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
    condition     = dataplane_registry.this[0].name == "acme-prod" && dataplane_log_group.this[0].name == "acme-prod"
    error_message = "Registry and log bucket are named after the data plane."
  }

  assert {
    condition     = dataplane_role.this["admin"].secrets == "acme-prod-"
    error_message = "Secrets are named after the data plane, without a slash, which Secret Manager does not take."
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

run "a_project_becomes_its_pool" {
  command = plan

  assert {
    condition     = alltrue([for role in dataplane_role.this : role.trust.gke.pool == "acme-prod-123456.svc.id.goog" && !role.trust.gke.direct])
    error_message = "The roles trust the workload identity pool of the cluster's project."
  }

  assert {
    condition     = length(dataplane_identity_provider.this) == 0 && output.identity_provider == null
    error_message = "GKE brings its pool along: none is made."
  }
}

run "labels_are_where_there_are_labels" {
  command = plan

  variables {
    tags          = { cost-center = "ml" }
    secrets       = { token = {} }
    secret_values = { token = "x" }
  }

  assert {
    condition     = alltrue([for labels in concat([for bucket in dataplane_bucket.this : bucket.tags], dataplane_registry.this[*].tags, [dataplane_secret.this["token"].tags]) : labels == var.tags])
    error_message = "Buckets, registry and secrets have the labels."
  }

  assert {
    condition     = alltrue([for role in dataplane_role.this : role.tags == null]) && dataplane_log_group.this[0].tags == null
    error_message = "Service accounts and log buckets have no labels, and giving them some would be refused."
  }
}

run "the_outputs_fit_the_operator" {
  command = apply

  variables {
    secret_values = {}
  }

  override_resource {
    target = dataplane_bucket.this
    values = { id = "acme-prod-bucket", region = "europe-west4" }
  }

  override_resource {
    target = dataplane_role.this
    values = { principal = "x@acme-prod-123456.iam.gserviceaccount.com" }
  }

  assert {
    condition     = output.storage.metadata == "gs://acme-prod-bucket" && output.storage.region == "europe-west4"
    error_message = "The buckets come out as URIs with their region."
  }

  assert {
    condition     = alltrue([for role in output.roles : role.gke.service_account == "x@acme-prod-123456.iam.gserviceaccount.com" && role.google == null])
    error_message = "Each role comes out as the way it is trusted."
  }
}
