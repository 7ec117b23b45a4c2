# Each mistake is refused while planning, by the variable that has it.

mock_provider "dataplane" {}

variables {
  name       = "acme-prod"
  workspaces = [{ project = "fraud", domain = "production" }]
  trust      = { pod_identity = { cluster = "prod" } }
}

run "a_name_that_no_bucket_can_have" {
  command = plan

  variables {
    name = "Acme_Prod"
  }

  expect_failures = [var.name]
}

run "two_ways_of_trust" {
  command = plan

  variables {
    trust = {
      irsa         = { issuer = "https://oidc.example.com" }
      pod_identity = { cluster = "prod" }
    }
  }

  expect_failures = [var.trust]
}

run "an_issuer_and_a_provider" {
  command = plan

  variables {
    trust = {
      irsa = {
        issuer       = "https://oidc.example.com"
        provider_arn = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com"
      }
    }
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

run "a_prefix_that_matches_too_much" {
  command = plan

  variables {
    roles = {
      user = { prefixes = ["acme/fraud"] }
    }
  }

  expect_failures = [var.roles]
}

run "a_boundary_that_is_no_policy" {
  command = plan

  variables {
    role_settings = { permissions_boundary = "arn:aws:iam::123456789012:role/boundary" }
  }

  expect_failures = [var.role_settings]
}

run "a_key_by_its_alias" {
  command = plan

  variables {
    kms_key = "alias/dataplane"
  }

  expect_failures = [var.kms_key]
}

run "a_secret_that_cannot_be_kept_that_long" {
  command = plan

  variables {
    secrets       = { token = { recovery_window_days = 90 } }
    secret_values = { token = "x" }
  }

  expect_failures = [var.secrets]
}

run "a_secret_without_a_value" {
  command = plan

  variables {
    secrets       = { token = {} }
    secret_values = { tokn = "x" }
  }

  expect_failures = [var.secret_values]
}

run "a_store_that_others_can_read_along_with" {
  command = plan

  variables {
    storage_endpoint = "http://store.example.com"
  }

  expect_failures = [var.storage_endpoint]
}

run "a_store_with_a_path" {
  command = plan

  variables {
    storage_endpoint = "https://store.example.com/bucket"
  }

  expect_failures = [var.storage_endpoint]
}

run "a_store_with_credentials" {
  command = plan

  variables {
    storage_endpoint = "https://me:secret@store.example.com"
  }

  expect_failures = [var.storage_endpoint]
}

run "another_host_that_begins_like_ours" {
  command = plan

  variables {
    storage_endpoint = "http://127.0.0.1.example.com"
  }

  expect_failures = [var.storage_endpoint]
}
