# Who may reach the API, and of which cluster.

mock_provider "google" {}

variables {
  name    = "acme-prod"
  project = "acme-prod"
  cluster = {
    name         = "acme-prod"
    location     = "europe-west4"
    dns_endpoint = "gke-0123456789abcdef-123456789012.europe-west4.gke.goog"
  }
  vendor_service_accounts = ["pipeline@vendor.iam.gserviceaccount.com"]
}

run "the_vendor_may_connect_to_this_cluster" {
  command = plan

  assert {
    condition     = google_project_iam_custom_role.this.permissions == toset(["container.clusters.connect", "container.clusters.get"]) && google_project_iam_custom_role.this.role_id == "acme_prod_api"
    error_message = "The vendor may connect, and nothing else."
  }

  assert {
    condition     = google_project_iam_member.this["pipeline@vendor.iam.gserviceaccount.com"].member == "serviceAccount:pipeline@vendor.iam.gserviceaccount.com" && one(google_project_iam_member.this["pipeline@vendor.iam.gserviceaccount.com"].condition).expression == "resource.name == \"projects/acme-prod/locations/europe-west4/clusters/acme-prod\""
    error_message = "Other clusters of the project are none of theirs."
  }
}

run "everybody" {
  command = plan

  variables {
    vendor_service_accounts = ["allAuthenticatedUsers"]
  }

  expect_failures = [var.vendor_service_accounts]
}

run "everybody_of_a_pool" {
  command = plan

  variables {
    vendor_service_accounts = ["principal://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/vendor/subject/*"]
  }

  expect_failures = [var.vendor_service_accounts]
}

run "one_of_a_pool" {
  command = plan

  variables {
    vendor_service_accounts = ["principal://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/vendor/subject/repo:vendor/pipeline:ref:refs/heads/main"]
  }

  assert {
    condition     = alltrue([for account, member in google_project_iam_member.this : member.member == account])
    error_message = "A principal stands for itself."
  }
}

run "who_breaks_glass_has_a_window_elsewhere" {
  command = plan

  variables {
    vendor_service_accounts = ["acme-prod-break-glass@acme-vendor.iam.gserviceaccount.com"]
  }

  expect_failures = [var.vendor_service_accounts]
}

run "an_address_for_a_name" {
  command = plan

  variables {
    cluster = { name = "acme-prod", location = "europe-west4", dns_endpoint = "10.0.0.2" }
  }

  expect_failures = [var.cluster]
}
