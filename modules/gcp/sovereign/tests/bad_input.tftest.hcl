# Each mistake is refused while planning, by the variable that has it.

mock_provider "google" {}

mock_provider "dataplane" {
  mock_data "dataplane_network_ranges" {
    defaults = { google_health_checks = { ipv4 = ["35.191.0.0/16", "130.211.0.0/22"] } }
  }
  mock_resource "dataplane_private_service" {
    defaults = { service_name = "projects/acme-prod/regions/europe-west4/serviceAttachments/acme-prod-sovereign" }
  }
}

variables {
  name          = "acme-prod"
  project       = "acme-prod"
  region        = "europe-west4"
  network       = { id = "projects/acme-prod/global/networks/acme-prod", nat_subnet = "projects/acme-prod/regions/europe-west4/subnetworks/acme-prod-published" }
  client_ranges = ["10.20.0.0/16", "192.168.8.0/24"]
}

run "everybody" {
  command = plan

  variables {
    client_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.client_ranges]
}

run "everybody_in_halves" {
  command = plan

  variables {
    client_ranges = ["0.0.0.0/1", "128.0.0.0/1"]
  }

  expect_failures = [var.client_ranges]
}

run "everybody_by_the_other_family" {
  command = plan

  variables {
    client_ranges = ["::/0"]
  }

  expect_failures = [var.client_ranges]
}

run "half_of_the_other_family" {
  command = plan

  variables {
    client_ranges = ["10.20.0.0/16", "8000::/1"]
  }

  expect_failures = [var.client_ranges]
}

run "nobody" {
  command = plan

  variables {
    client_ranges = []
  }

  expect_failures = [var.client_ranges]
}

run "an_address_for_a_range" {
  command = plan

  variables {
    client_ranges = ["10.20.0.7/16"]
  }

  expect_failures = [var.client_ranges]
}

run "offices_of_everybody" {
  command = plan

  variables {
    offices = {
      load_balancer      = "projects/acme-prod/regions/europe-west4/forwardingRules/a0123456789abcdef"
      allowed_principals = ["*"]
      auto_accept        = true
      nat_range          = "10.0.64.0/24"
    }
  }

  expect_failures = [var.offices]
}

run "a_private_connection_for_everybody" {
  command = plan

  variables {
    offices = {
      load_balancer      = "projects/acme-prod/regions/europe-west4/forwardingRules/a0123456789abcdef"
      allowed_principals = ["projects/acme-offices"]
      auto_accept        = true
      nat_range          = "0.0.0.0/0"
    }
  }

  expect_failures = [var.offices]
}

run "a_subnet_too_small" {
  command = plan

  variables {
    range = "10.0.65.0/30"
  }

  expect_failures = [var.range]
}

run "nothing_to_publish_from" {
  command = plan

  variables {
    network = { id = "projects/acme-prod/global/networks/acme-prod" }
    offices = {
      load_balancer      = "projects/acme-prod/regions/europe-west4/forwardingRules/a0123456789abcdef"
      allowed_principals = ["projects/acme-offices"]
      auto_accept        = true
      nat_range          = "10.0.64.0/24"
    }
  }

  expect_failures = [dataplane_private_service.this]
}
