# Google's services at an address of the network, by their own names.

mock_provider "google" {}

mock_provider "dataplane" {
  mock_resource "dataplane_private_endpoint" {
    defaults = {
      id        = "acmeprodallapis"
      state     = "available"
      addresses = ["10.255.0.2"]
    }
  }
}

variables {
  name    = "acme-prod"
  project = "acme-prod"
  network = { id = "projects/acme-prod/global/networks/acme-prod" }
}

run "all_of_them" {
  command = apply

  assert {
    condition     = dataplane_private_endpoint.this.name == "acmeprodallapis" && dataplane_private_endpoint.this.service_name == "all-apis"
    error_message = "The endpoint has a name that Google takes."
  }

  assert {
    condition     = toset(keys(google_dns_managed_zone.this)) == toset(["googleapis.com", "gcr.io", "pkg.dev", "gke.goog"]) && alltrue([for zone in google_dns_managed_zone.this : zone.visibility == "private"])
    error_message = "The names lead there in this network only."
  }

  assert {
    condition     = google_dns_record_set.apex["googleapis.com"].rrdatas[0] == "10.255.0.2" && google_dns_record_set.below["googleapis.com"].name == "*.googleapis.com." && google_dns_record_set.below["googleapis.com"].rrdatas[0] == "googleapis.com."
    error_message = "The domain and what is below it lead to the endpoint."
  }
}

run "a_long_name" {
  command = plan

  variables {
    name = "acme-production-of-the-east"
  }

  assert {
    condition     = length(dataplane_private_endpoint.this.name) == 20
    error_message = "Google takes 20 characters."
  }
}

run "a_bundle_that_is_none" {
  command = plan

  variables {
    bundle = "storage"
  }

  expect_failures = [var.bundle]
}

run "a_range_for_an_address" {
  command = plan

  variables {
    address = "10.255.0.0/24"
  }

  expect_failures = [var.address]
}
