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

# Google takes 20 characters, and both names begin with the same ones.
run "a_long_name" {
  command = plan

  variables {
    name = "acme-production-of-the-east-one"
  }

  assert {
    condition     = length(dataplane_private_endpoint.this.name) == 20 && endswith(dataplane_private_endpoint.this.name, substr(sha1("acme-production-of-the-east-one/all-apis"), 0, 6))
    error_message = "What is cut off is told apart by its hash."
  }
}

run "another_bundle_of_a_long_name" {
  command = plan

  variables {
    name   = "acme-production-of-the-east-one"
    bundle = "vpc-sc"
  }

  assert {
    condition     = length(dataplane_private_endpoint.this.name) == 20 && !endswith(dataplane_private_endpoint.this.name, substr(sha1("acme-production-of-the-east-one/all-apis"), 0, 6))
    error_message = "The bundle is part of the name."
  }
}

run "the_host_of_one_cluster" {
  command = apply

  variables {
    domains = ["gke-0123456789abcdef0123456789abcdef0123-123456789012.europe-west4.gke.goog"]
  }

  assert {
    condition     = one(values(google_dns_managed_zone.this)).dns_name == "gke-0123456789abcdef0123456789abcdef0123-123456789012.europe-west4.gke.goog." && length(one(values(google_dns_managed_zone.this)).name) <= 63 && startswith(one(values(google_dns_managed_zone.this)).name, "acme-prod-")
    error_message = "The host leads to the endpoint, and its zone has a name that Google takes."
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
