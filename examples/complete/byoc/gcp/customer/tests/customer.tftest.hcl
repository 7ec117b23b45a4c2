# Whom the customer lets in, and as what. What each account can do and when: the tests of modules/gcp/vendor-access.

mock_provider "google" {
  mock_data "google_container_cluster" {
    defaults = {
      control_plane_endpoints_config = [{
        dns_endpoint_config = [{ endpoint = "gke-0123456789abcdef-123456789012.europe-west4.gke.goog", allow_external_traffic = true }]
        ip_endpoints_config = []
      }]
    }
  }
}

mock_provider "dataplane" {
  mock_data "dataplane_permissions" {
    defaults = {
      by_access = {
        provision   = "{\"includedPermissions\":[\"resourcemanager.projects.setIamPolicy\",\"storage.buckets.get\"]}"
        maintain    = "{\"includedPermissions\":[\"resourcemanager.projects.setIamPolicy\",\"storage.buckets.get\"]}"
        deprovision = "{\"includedPermissions\":[\"resourcemanager.projects.setIamPolicy\",\"storage.buckets.get\"]}"
        break_glass = "{\"includedPermissions\":[\"resourcemanager.projects.setIamPolicy\",\"storage.buckets.get\"]}"
      }
    }
  }
}

variables {
  project            = "acme-prod-123456"
  identities_project = "acme-vendor-123456"
  region             = "europe-west4"
  cluster            = "prod"
  location           = "europe-west4"
  vendor = {
    principals = ["pipeline@vendor.iam.gserviceaccount.com"]
    issuer     = "https://token.vendor.example"
    on_call    = ["on-call"]
  }
}

run "the_vendor_is_told_of_an_account_for_each_purpose" {
  command = apply

  assert {
    condition = output.customer.service_accounts == {
      for access in ["provision", "maintain", "deprovision", "break_glass"] :
      access => "acme-prod-${replace(access, "_", "-")}@acme-vendor-123456.iam.gserviceaccount.com"
    }
    error_message = "Which account is for what is handed over."
  }

  assert {
    condition     = output.customer.dns_endpoint == "gke-0123456789abcdef-123456789012.europe-west4.gke.goog" && keys(output.audiences) == ["break_glass"]
    error_message = "The pipeline comes with its own credentials, who is on call with a token."
  }
}

run "what_the_vendor_becomes_is_out_of_its_reach" {
  command = plan

  variables {
    identities_project = "acme-prod-123456"
  }

  expect_failures = [var.identities_project]
}

run "all_of_a_pool" {
  command = plan

  variables {
    vendor = { principals = ["principal://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/vendor/subject/*"] }
  }

  expect_failures = [var.vendor]
}

run "one_of_a_pool" {
  command = plan

  variables {
    vendor = { principals = ["principal://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/vendor/subject/pipeline"] }
  }

  assert {
    condition     = keys(output.customer.service_accounts) == ["deprovision", "maintain", "provision"]
    error_message = "Nobody is on call: no account to break glass with."
  }
}

run "glass_is_whole_by_default" {
  command = apply

  assert {
    condition     = !output.break_glass_open
    error_message = "Nobody becomes break_glass before the customer says so."
  }
}

run "glass_is_broken_for_an_incident_and_a_time" {
  command = apply

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-01T12:00:00Z", incident = "INC-4711" }
  }

  assert {
    condition     = output.break_glass_open
    error_message = "In a window, for an incident."
  }
}

run "everybody_of_the_vendor" {
  command = plan

  variables {
    vendor = { principals = ["domain:vendor.example.com"] }
  }

  expect_failures = [var.vendor]
}

run "who_is_on_call_comes_with_a_token" {
  command = plan

  variables {
    vendor = { principals = ["pipeline@vendor.iam.gserviceaccount.com"], on_call = ["on-call"] }
  }

  expect_failures = [var.vendor]
}

run "a_name_that_an_account_cannot_have" {
  command = plan

  variables {
    name = "acme-production-eas"
  }

  expect_failures = [var.name]
}
