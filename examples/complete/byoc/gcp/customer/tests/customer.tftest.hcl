# What the customer grants, to whom, and under which conditions.

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
      policy = "{\"title\":\"dataplane\",\"stage\":\"GA\",\"includedPermissions\":[\"iam.serviceAccounts.create\",\"resourcemanager.projects.setIamPolicy\",\"storage.buckets.create\",\"storage.buckets.get\"],\"condition\":{\"title\":\"dataplane\",\"description\":\"Buckets acme\",\"expression\":\"resource.name == \\\"x\\\"\"}}"
    }
  }
}

variables {
  project                 = "acme-prod-123456"
  region                  = "europe-west4"
  cluster                 = "prod"
  location                = "europe-west4"
  vendor_service_accounts = ["pipeline@vendor.iam.gserviceaccount.com"]
}

run "the_project_is_not_the_vendors_to_give_away" {
  command = apply

  assert {
    condition     = [for role in google_project_iam_custom_role.vendor : role.role_id if contains(role.permissions, "resourcemanager.projects.setIamPolicy")] == ["acme_prod_vendor_bindings"] && google_project_iam_custom_role.vendor["bindings"].permissions == toset(["resourcemanager.projects.setIamPolicy"])
    error_message = "The permission to write the project's policy stands alone."
  }

  assert {
    condition     = one(google_project_iam_member.vendor["bindings"].condition).expression == "api.getAttribute(\"iam.googleapis.com/modifiedGrantsByRole\", []).hasOnly([\"roles/logging.logWriter\", \"roles/logging.viewAccessor\", \"roles/secretmanager.secretAccessor\", \"roles/secretmanager.secretVersionManager\"])"
    error_message = "It is held to the roles of the data plane's accounts."
  }

  assert {
    condition     = one(google_project_iam_member.vendor["data_plane"].condition).expression == "resource.name == \"x\"" && google_project_iam_custom_role.vendor["data_plane"].permissions == toset(["storage.buckets.get"])
    error_message = "The rest is what is printed, on what it is printed for."
  }
}

run "what_has_no_name_yet_is_made" {
  command = apply

  assert {
    condition     = google_project_iam_custom_role.vendor["creations"].permissions == toset(["iam.serviceAccounts.create", "storage.buckets.create"]) && length(google_project_iam_member.vendor["creations"].condition) == 0
    error_message = "Under a condition on names nothing could be made; and nothing but making is without one."
  }
}

run "only_the_pipeline_becomes_the_account" {
  command = apply

  assert {
    condition     = [for member in google_service_account_iam_member.vendor : member.member] == ["serviceAccount:pipeline@vendor.iam.gserviceaccount.com"] && google_service_account_iam_member.vendor["pipeline@vendor.iam.gserviceaccount.com"].role == "roles/iam.serviceAccountTokenCreator" && google_service_account_iam_member.vendor["pipeline@vendor.iam.gserviceaccount.com"].service_account_id == "projects/acme-prod-123456/serviceAccounts/acme-prod-vendor@acme-prod-123456.iam.gserviceaccount.com"
    error_message = "The vendor's pipeline takes tokens of this one account."
  }

  assert {
    condition     = alltrue([for member in google_project_iam_member.vendor : member.member == "serviceAccount:acme-prod-vendor@acme-prod-123456.iam.gserviceaccount.com"]) && output.customer.service_account == "acme-prod-vendor@acme-prod-123456.iam.gserviceaccount.com" && output.customer.dns_endpoint == "gke-0123456789abcdef-123456789012.europe-west4.gke.goog"
    error_message = "The account has the rights, and the vendor is told of it."
  }
}

run "everybody_of_the_vendor" {
  command = plan

  variables {
    vendor_service_accounts = ["domain:vendor.example.com"]
  }

  expect_failures = [var.vendor_service_accounts]
}

run "a_name_that_an_account_cannot_have" {
  command = plan

  variables {
    name = "acme-production-of-the-east"
  }

  expect_failures = [var.name]
}
