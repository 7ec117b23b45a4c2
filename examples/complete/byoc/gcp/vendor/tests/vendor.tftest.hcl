# Which of the customer's accounts Terraform works as.

mock_provider "google" {}

mock_provider "dataplane" {}

mock_provider "dataplane" {
  alias = "vendor"
}

variables {
  project = "vendor"
  customer = {
    name         = "acme-prod"
    project      = "acme-prod-123456"
    region       = "europe-west4"
    location     = "europe-west4"
    cluster      = "prod"
    dns_endpoint = "gke-0123456789abcdef-123456789012.europe-west4.gke.goog"
    service_accounts = {
      provision = "acme-prod-provision@acme-vendor-123456.iam.gserviceaccount.com"
    }
  }
  network                = { id = "projects/vendor/global/networks/main" }
  operator_image         = "registry.example.com/dataplane-operator@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  control_plane_endpoint = "https://acme.control.example.com"
}

run "break_glass_is_no_account_of_terraforms" {
  command = plan

  variables {
    access = "break_glass"
  }

  expect_failures = [var.access]
}
