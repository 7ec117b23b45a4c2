# Each mistake is refused while planning, by the variable that has it.

mock_provider "dataplane" {}

variables {
  name       = "acme-prod"
  workspaces = [{ project = "fraud", domain = "production" }]
  trust      = { gke = { project = "acme-prod-123456" } }
}

run "a_name_that_no_bucket_can_have" {
  command = plan

  variables {
    name = "Acme_Prod"
  }

  expect_failures = [var.name]
}

run "a_name_too_long_for_a_service_account" {
  command = plan

  variables {
    name = "acme-production-europe"
  }

  expect_failures = [var.roles]
}

run "images_that_could_not_be_removed" {
  command = plan

  variables {
    registry = { keep_last = 20 }
  }

  expect_failures = [var.registry]
}

run "tags_that_are_no_labels" {
  command = plan

  variables {
    tags = { CostCenter = "ML" }
  }

  expect_failures = [var.tags]
}

run "two_ways_of_trust" {
  command = plan

  variables {
    trust = {
      gke  = { project = "acme-prod-123456" }
      oidc = { issuer = "https://oidc.example.com" }
    }
  }

  expect_failures = [var.trust]
}

run "a_project_and_a_pool" {
  command = plan

  variables {
    trust = { gke = { project = "acme-prod-123456", pool = "acme-prod-123456.svc.id.goog" } }
  }

  expect_failures = [var.trust]
}

run "a_provider_by_its_short_name" {
  command = plan

  variables {
    trust = { oidc = { provider = "cluster" } }
  }

  expect_failures = [var.trust]
}

run "nobody_to_run_tasks" {
  command = plan

  variables {
    workspaces = []
  }

  expect_failures = [var.workspaces]
}

run "metadata_that_expires" {
  command = plan

  variables {
    buckets = {
      metadata = { expiration = [{ days = 30 }] }
    }
  }

  expect_failures = [var.buckets]
}

run "deleted_objects_that_cannot_be_kept_so_shortly" {
  command = plan

  variables {
    buckets = {
      fast_registration = { soft_delete_days = 3 }
    }
  }

  expect_failures = [var.buckets]
}

run "a_prefix_that_matches_too_much" {
  command = plan

  variables {
    roles = {
      user = { prefixes = ["acme/fraud"] }
    }
  }

  expect_failures = [var.roles]
}

run "a_role_by_its_name" {
  command = plan

  variables {
    roles = {
      admin = { existing = { principal = "platform" } }
    }
  }

  expect_failures = [var.roles]
}

run "a_version_of_a_key" {
  command = plan

  variables {
    kms_key = "projects/acme-keys/locations/europe-west4/keyRings/dataplane/cryptoKeys/prod/cryptoKeyVersions/1"
  }

  expect_failures = [var.kms_key]
}

run "logs_that_are_kept_too_long" {
  command = plan

  variables {
    logs = { retention_days = 4000 }
  }

  expect_failures = [var.logs]
}

run "secrets_with_a_path" {
  command = plan

  variables {
    secrets_prefix = "acme-prod/"
  }

  expect_failures = [var.secrets_prefix]
}

run "a_secret_without_a_value" {
  command = plan

  variables {
    secrets       = { token = {} }
    secret_values = { tokn = "x" }
  }

  expect_failures = [var.secret_values]
}

run "objects_that_expire_within_a_day" {
  command = plan

  variables {
    buckets = {
      fast_registration = { expiration = [{ days = 0.5 }] }
    }
  }

  expect_failures = [var.buckets]
}

run "an_issuer_and_a_provider" {
  command = plan

  variables {
    trust = {
      oidc = {
        issuer   = "https://issuer.example.com"
        provider = "projects/123456789012/locations/global/workloadIdentityPools/acme/providers/oidc"
      }
    }
  }

  expect_failures = [var.trust]
}

run "a_namespace_that_kubernetes_does_not_take" {
  command = plan

  variables {
    namespace = "Union_1"
  }

  expect_failures = [var.namespace]
}

run "a_registry_that_keeps_nothing" {
  command = plan

  variables {
    registry = { immutable_tags = false, keep_last = 0 }
  }

  expect_failures = [var.registry]
}

run "a_secret_with_a_path" {
  command = plan

  variables {
    secrets       = { "team/token" = {} }
    secret_values = { "team/token" = "x" }
  }

  expect_failures = [var.secrets]
}
