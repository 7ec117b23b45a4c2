# Whose tokens are taken, when, and what can be given away.

mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/acme-vendor/serviceAccounts/some@acme-vendor.iam.gserviceaccount.com"
      member = "serviceAccount:some@acme-vendor.iam.gserviceaccount.com"
    }
  }
  mock_resource "google_iam_workload_identity_pool" {
    defaults = { name = "projects/123/locations/global/workloadIdentityPools/some" }
  }
  mock_resource "google_iam_workload_identity_pool_provider" {
    defaults = { name = "projects/123/locations/global/workloadIdentityPools/some/providers/vendor" }
  }
}

mock_provider "dataplane" {
  mock_data "dataplane_permissions" {
    defaults = {
      by_access = {
        provision   = "{\"includedPermissions\":[\"resourcemanager.projects.setIamPolicy\",\"storage.buckets.create\",\"storage.buckets.get\"],\"condition\":{\"expression\":\"named\"}}"
        maintain    = "{\"includedPermissions\":[\"container.clusters.connect\",\"resourcemanager.projects.setIamPolicy\",\"storage.buckets.update\"],\"condition\":{\"expression\":\"named\"}}"
        deprovision = "{\"includedPermissions\":[\"resourcemanager.projects.setIamPolicy\",\"storage.buckets.delete\"]}"
        break_glass = "{\"includedPermissions\":[\"container.clusters.connect\",\"storage.buckets.get\"],\"condition\":{\"expression\":\"named || named\"}}"
      }
    }
  }
}

variables {
  tenant             = "acme-prod"
  project            = "acme-prod"
  identities_project = "acme-vendor"
  issuer             = "https://token.vendor.example"
  subjects = {
    provision   = ["pipeline"]
    maintain    = ["pipeline"]
    deprovision = ["pipeline"]
    break_glass = ["on-call"]
  }
  data_plane = { buckets = ["acme-prod-metadata"], secrets = "acme-prod-", logs = ["acme-prod"], registry = "acme-prod" }
}

run "accounts_with_what_is_printed_for_each" {
  command = apply

  assert {
    condition = { for name, role in google_project_iam_custom_role.this : name => role.permissions } == {
      break_glass          = toset(["container.clusters.connect"])
      break_glass_bucket   = toset(["storage.buckets.get"])
      deprovision          = toset(["storage.buckets.delete"])
      deprovision_bindings = toset(["resourcemanager.projects.setIamPolicy"])
      maintain             = toset(["storage.buckets.update"])
      maintain_bindings    = toset(["resourcemanager.projects.setIamPolicy"])
      provision            = toset(["storage.buckets.get"])
      provision_bindings   = toset(["resourcemanager.projects.setIamPolicy"])
      provision_creations  = toset(["storage.buckets.create"])
    }
    error_message = "Each has what is printed for it, by what a condition can be on."
  }

  assert {
    condition     = keys(output.service_accounts) == ["break_glass", "deprovision", "maintain", "provision"]
    error_message = "Four accounts."
  }

  assert {
    condition     = google_project_iam_member.this["provision"].condition[0].expression == "named" && length(google_project_iam_member.this["provision_creations"].condition) == 0 && length(google_project_iam_member.this["deprovision"].condition) == 0
    error_message = "What is named is narrowed to its names."
  }

  assert {
    condition = alltrue([
      for name, member in google_project_iam_member.this :
      member.condition[0].expression == "api.getAttribute(\"iam.googleapis.com/modifiedGrantsByRole\", []).hasOnly([\"roles/logging.logWriter\", \"roles/logging.viewAccessor\", \"roles/secretmanager.secretAccessor\", \"roles/secretmanager.secretVersionManager\"])"
      if endswith(name, "_bindings")
    ])
    error_message = "The project is not given away."
  }
}

run "what_the_vendor_becomes_is_out_of_its_reach" {
  command = apply

  assert {
    condition     = alltrue([for account in google_service_account.this : account.project == "acme-vendor"]) && alltrue([for pool in google_iam_workload_identity_pool.this : pool.project == "acme-vendor"]) && alltrue([for provider in google_iam_workload_identity_pool_provider.this : provider.project == "acme-vendor"])
    error_message = "Accounts and pools are not where the vendor sets policies."
  }

  assert {
    condition     = alltrue([for role in google_project_iam_custom_role.this : role.project == "acme-prod"]) && alltrue([for member in google_project_iam_member.this : member.project == "acme-prod"])
    error_message = "What it may do, it may do in the data plane's project and nowhere else."
  }

  assert {
    condition = output.service_accounts == {
      for access in ["break_glass", "deprovision", "maintain", "provision"] :
      access => "acme-prod-${replace(access, "_", "-")}@acme-vendor.iam.gserviceaccount.com"
    }
    error_message = "Addresses are those of the project that the accounts lie in."
  }
}

run "projects_of_a_domain" {
  command = plan

  variables {
    identities_project = "acme.example:vendor"
  }

  assert {
    condition     = output.service_accounts.provision == "acme-prod-provision@vendor.acme.example.iam.gserviceaccount.com"
    error_message = "Google names accounts after the project first, and then the domain."
  }
}

run "a_number_is_no_other_project" {
  command = plan

  variables {
    identities_project = "123456789012"
  }

  expect_failures = [var.identities_project]
}

run "the_data_plane_is_named_by_its_id" {
  command = plan

  variables {
    project = "123456789012"
  }

  expect_failures = [var.project]
}

run "identities_in_the_data_planes_project" {
  command = plan

  variables {
    identities_project = "acme-prod"
  }

  expect_failures = [var.identities_project]
}

run "kinds_have_to_be_named" {
  command = plan

  variables {
    data_plane = { buckets = ["acme-prod-metadata"], secrets = "acme-prod-", registry = "acme-prod" }
  }

  expect_failures = [var.data_plane]
}

run "everything_is_no_name" {
  command = plan

  variables {
    data_plane = { resources = ["bucket"], buckets = [], secrets = "acme-prod-", names = { bucket = ["*"] } }
  }

  expect_failures = [var.data_plane]
}

run "who_looks_up_clusters_makes_nothing" {
  command = plan

  override_data {
    target = data.dataplane_permissions.this
    values = { by_access = { provision = "{\"includedPermissions\":[\"container.clusters.get\"]}" } }
  }

  variables {
    subjects   = { provision = ["pipeline"] }
    data_plane = { resources = ["cluster"], buckets = [], secrets = "acme-prod-" }
  }

  assert {
    condition     = keys(google_project_iam_custom_role.this) == ["provision"]
    error_message = "Google takes no role without permissions."
  }
}

run "glass_is_whole_by_default" {
  command = apply

  assert {
    condition     = !output.break_glass_open
    error_message = "No window is set."
  }

  assert {
    condition     = google_iam_workload_identity_pool.this["break-glass"].disabled && google_iam_workload_identity_pool_provider.this["break-glass"].disabled && !google_iam_workload_identity_pool.this["vendor"].disabled
    error_message = "No token is taken."
  }

  assert {
    condition     = !anytrue([for name in keys(google_project_iam_member.this) : startswith(name, "break_glass")]) && sort(keys(google_service_account_iam_member.this)) == tolist(["deprovision/pipeline", "maintain/pipeline", "provision/pipeline"])
    error_message = "Nothing is granted, and nobody becomes the account."
  }
}

run "glass_is_broken_for_an_incident_and_a_time" {
  command = apply

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-01T20:00:00Z", incident = "INC-4711" }
  }

  assert {
    condition     = google_project_iam_member.this["break_glass_bucket"].condition[0].expression == "request.time >= timestamp(\"2026-03-01T08:00:00Z\") && request.time < timestamp(\"2026-03-01T20:00:00Z\") && (named || named)" && google_service_account_iam_member.this["break_glass/on-call"].condition[0].expression == "request.time >= timestamp(\"2026-03-01T08:00:00Z\") && request.time < timestamp(\"2026-03-01T20:00:00Z\")"
    error_message = "In the window, both to become the account and for what it may do."
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.this["break-glass"].attribute_condition == "has(assertion.incident) && assertion.incident == 'INC-4711' && assertion.sub in ['on-call']" && !google_iam_workload_identity_pool.this["break-glass"].disabled
    error_message = "For the incident, and by who is named."
  }

  assert {
    condition     = output.break_glass_open
    error_message = "It is said that a window is set."
  }
}

run "what_is_looked_at_is_held_to_its_names" {
  command = apply

  override_data {
    target = data.dataplane_permissions.this
    values = {
      by_access = {
        provision   = "{\"includedPermissions\":[\"storage.buckets.get\"]}"
        maintain    = "{\"includedPermissions\":[\"storage.buckets.get\"]}"
        deprovision = "{\"includedPermissions\":[\"storage.buckets.get\"]}"
        break_glass = "{\"includedPermissions\":[\"container.clusters.connect\",\"iam.serviceAccounts.get\",\"logging.buckets.get\",\"storage.buckets.get\",\"storage.buckets.getIamPolicy\"],\"condition\":{\"expression\":\"of all\"}}"
      }
    }
  }

  override_data {
    target = data.dataplane_permissions.break_glass["bucket"]
    values = { by_access = { break_glass = "{\"includedPermissions\":[\"storage.buckets.get\"],\"condition\":{\"expression\":\"these buckets\"}}" } }
  }

  override_data {
    target = data.dataplane_permissions.break_glass["log_group"]
    values = { by_access = { break_glass = "{\"includedPermissions\":[\"logging.buckets.get\"],\"condition\":{\"expression\":\"these logs\"}}" } }
  }

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-01T20:00:00Z", incident = "INC-4711" }
  }

  assert {
    condition = { for name, role in google_project_iam_custom_role.this : name => role.permissions if startswith(name, "break_glass") } == {
      break_glass           = toset(["container.clusters.connect", "iam.serviceAccounts.get"])
      break_glass_bucket    = toset(["storage.buckets.get", "storage.buckets.getIamPolicy"])
      break_glass_log_group = toset(["logging.buckets.get"])
    }
    error_message = "All that is printed, each once, by service."
  }

  assert {
    condition = { for name, member in google_project_iam_member.this : name => split(" && ", member.condition[0].expression)[2] if startswith(name, "break_glass_") } == {
      break_glass_bucket    = "(these buckets)"
      break_glass_log_group = "(these logs)"
    }
    error_message = "Whatever is asked of a bucket, policies too, is asked of these."
  }
}

run "nobody_else_is_taken" {
  command = apply

  assert {
    condition     = google_iam_workload_identity_pool_provider.this["vendor"].attribute_condition == "assertion.sub in ['pipeline']" && google_iam_workload_identity_pool_provider.this["vendor"].oidc[0].issuer_uri == "https://token.vendor.example" && length(coalesce(google_iam_workload_identity_pool_provider.this["vendor"].oidc[0].allowed_audiences, [])) == 0
    error_message = "Tokens of the vendor's issuer, for this pool, of who is named."
  }

  assert {
    condition     = alltrue([for member in google_service_account_iam_member.this : startswith(member.member, "principal://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/") && endswith(member.member, "/subject/pipeline")])
    error_message = "One subject each, no sets."
  }
}

run "who_has_credentials_becomes_the_account_with_these" {
  command = apply

  variables {
    issuer   = null
    subjects = {}
    principals = {
      provision = ["pipeline@vendor.iam.gserviceaccount.com"]
      maintain  = ["principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/subject/pipeline"]
    }
  }

  assert {
    condition = { for name, member in google_service_account_iam_member.impersonated : name => [member.role, member.member] } == {
      "provision/pipeline@vendor.iam.gserviceaccount.com" = ["roles/iam.serviceAccountTokenCreator", "serviceAccount:pipeline@vendor.iam.gserviceaccount.com"]
      "maintain/principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/subject/pipeline" = [
        "roles/iam.serviceAccountTokenCreator", "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/subject/pipeline",
      ]
    }
    error_message = "Each becomes the account that it is named for."
  }

  assert {
    condition     = output.service_accounts == { maintain = "acme-prod-maintain@acme-vendor.iam.gserviceaccount.com", provision = "acme-prod-provision@acme-vendor.iam.gserviceaccount.com" } && length(google_iam_workload_identity_pool.this) == 0
    error_message = "Accounts for these, and no pool."
  }

  assert {
    condition     = google_project_iam_member.this["provision"].member == "serviceAccount:acme-prod-provision@acme-vendor.iam.gserviceaccount.com"
    error_message = "The account has the rights."
  }
}

run "a_domain_is_no_pipeline" {
  command = plan

  variables {
    principals = { provision = ["domain:vendor.example.com"] }
  }

  expect_failures = [var.principals]
}

run "all_of_a_pool_is_no_pipeline" {
  command = plan

  variables {
    principals = { provision = ["principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/"] }
  }

  expect_failures = [var.principals]
}

run "tokens_have_an_issuer" {
  command = plan

  variables {
    issuer = null
  }

  expect_failures = [var.issuer]
}

run "without_roles_nothing_is_given" {
  command = apply

  variables {
    subjects   = { maintain = ["pipeline"] }
    data_plane = { resources = ["bucket"], buckets = ["acme-prod-metadata"], secrets = "acme-prod-" }
  }

  assert {
    condition     = keys(google_project_iam_custom_role.this) == ["maintain"] && keys(google_iam_workload_identity_pool.this) == ["vendor"]
    error_message = "Only what is asked for."
  }
}

run "a_break_glass_window_has_an_end" {
  command = plan

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-02T14:00:00Z", incident = "INC-4711" }
  }

  expect_failures = [var.break_glass]
}

run "a_break_glass_window_ends_after_it_begins" {
  command = plan

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-01T08:00:00Z", incident = "INC-4711" }
  }

  expect_failures = [var.break_glass]
}

run "times_of_a_window_are_times" {
  command = plan

  variables {
    break_glass = { not_before = "today", not_after = "tomorrow", incident = "INC-4711" }
  }

  expect_failures = [var.break_glass]
}

run "glass_is_broken_for_an_incident" {
  command = plan

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-01T09:00:00Z" }
  }

  expect_failures = [var.break_glass]
}

run "a_subject_is_somebody" {
  command = plan

  variables {
    subjects = { provision = ["repo:*"] }
  }

  expect_failures = [var.subjects]
}

run "a_subject_ends_no_quotation" {
  command = plan

  variables {
    subjects = { provision = ["x'] || true || assertion.sub in ['x"] }
  }

  expect_failures = [var.subjects]
}

run "somebody_has_to_be_named" {
  command = plan

  variables {
    subjects = {}
  }

  expect_failures = [var.subjects]
}

run "an_issuer_is_told_by_its_url" {
  command = plan

  variables {
    issuer = "token.vendor.example"
  }

  expect_failures = [var.issuer]
}

run "a_tenant_fits_into_names" {
  command = plan

  variables {
    tenant = "acme-production-europe"
  }

  expect_failures = [var.tenant]
}
