# Each mistake is refused while planning, by the variable that has it.

mock_provider "dataplane" {}

variables {
  name       = "acme-prod"
  workspaces = [{ project = "fraud", domain = "production" }]
  trust      = { azure = { issuer = "https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000/" } }
}

run "a_name_that_nothing_can_have" {
  command = plan

  variables {
    name     = "Acme_Prod"
    buckets  = { metadata = { account = "acmemeta" }, fast_registration = { account = "acmefast" } }
    registry = { name = "acmeprod" }
  }

  expect_failures = [var.name]
}

run "a_name_too_long_for_a_storage_account" {
  command = plan

  variables {
    name = "acme-production-west-europe"
  }

  expect_failures = [var.buckets]
}

run "a_storage_account_with_a_hyphen" {
  command = plan

  variables {
    buckets = {
      metadata = { account = "acme-prod" }
    }
  }

  expect_failures = [var.buckets]
}

run "one_storage_account_for_both_buckets" {
  command = plan

  variables {
    buckets = {
      metadata          = { account = "acmeprod" }
      fast_registration = { account = "acmeprod" }
    }
  }

  expect_failures = [var.buckets]
}

run "a_container_without_its_account" {
  command = plan

  variables {
    buckets = {
      metadata = { existing = { id = "metadata" } }
    }
  }

  expect_failures = [var.buckets]
}

run "versions_of_directories" {
  command = plan

  variables {
    buckets = {
      metadata = { hierarchical_namespace = true, versioning = true }
    }
  }

  expect_failures = [var.buckets]
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

run "an_issuer_without_tls" {
  command = plan

  variables {
    trust = { azure = { issuer = "http://oidc.example.com" } }
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

run "more_workspaces_than_an_identity_takes" {
  command = plan

  variables {
    workspaces = [for number in range(21) : { project = "team-${number}", domain = "production" }]
  }

  expect_failures = [var.workspaces]
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

run "an_identity_by_its_name" {
  command = plan

  variables {
    roles = {
      admin = { existing = { principal = "platform", client_id = "22222222-2222-2222-2222-222222222222", tenant_id = "33333333-3333-3333-3333-333333333333" } }
    }
  }

  expect_failures = [var.roles]
}

run "a_key_of_another_cloud" {
  command = plan

  variables {
    kms_key = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  expect_failures = [var.kms_key]
}

run "a_registry_with_a_hyphen" {
  command = plan

  variables {
    registry = { name = "acme-prod" }
  }

  expect_failures = [var.registry]
}

run "logs_that_are_kept_too_shortly" {
  command = plan

  variables {
    logs = { retention_days = 7 }
  }

  expect_failures = [var.logs]
}

run "a_vault_by_its_url" {
  command = plan

  variables {
    secrets_vault = "https://acme-vault.vault.azure.net"
  }

  expect_failures = [var.secrets_vault]
}

run "secrets_without_a_vault" {
  command = plan

  variables {
    secrets       = { token = {} }
    secret_values = { token = "x" }
  }

  expect_failures = [var.secrets]
}

run "a_secret_that_is_kept_as_long_as_it_likes" {
  command = plan

  variables {
    secrets_vault = "acme-vault"
    secrets       = { token = { recovery_window_days = 30 } }
    secret_values = { token = "x" }
  }

  expect_failures = [var.secrets]
}

run "a_secret_without_a_value" {
  command = plan

  variables {
    secrets_vault = "acme-vault"
    secrets       = { token = {} }
    secret_values = { tokn = "x" }
  }

  expect_failures = [var.secret_values]
}
