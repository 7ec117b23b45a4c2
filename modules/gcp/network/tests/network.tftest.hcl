# What is made when only a name and a place are given, and what is refused.

mock_provider "google" {}
mock_provider "dataplane" {}

variables {
  name    = "acme-prod"
  project = "acme-prod"
  region  = "europe-west4"
}

run "nothing_leads_to_the_internet" {
  command = plan

  assert {
    condition     = length(google_compute_router_nat.this) == 0 && length(google_compute_firewall.internet) == 0
    error_message = "Without nat there is no way out."
  }

  assert {
    condition     = one(google_compute_firewall.no_egress.deny).protocol == "all" && google_compute_firewall.no_egress.priority > google_compute_firewall.google.priority && google_compute_firewall.google.destination_ranges == toset(["199.36.153.4/30", "199.36.153.8/30"])
    error_message = "What is not allowed does not leave; Google's services are."
  }

  assert {
    condition     = google_compute_subnetwork.this.private_ip_google_access && !google_compute_network.this.auto_create_subnetworks
    error_message = "Google's services are reached from private addresses, and no other subnets are made."
  }
}

run "the_subnets" {
  command = plan

  assert {
    condition     = { for range in google_compute_subnetwork.this.secondary_ip_range : range.range_name => range.ip_cidr_range } == { pods = "10.4.0.0/15", services = "10.6.0.0/18" }
    error_message = "Pods and services have ranges of their own."
  }

  assert {
    condition     = google_compute_subnetwork.published.purpose == "PRIVATE_SERVICE_CONNECT" && one(google_compute_subnetwork.this.log_config).flow_sampling == 0.5
    error_message = "Services can be published, and half of the connections are logged."
  }
}

run "a_way_out" {
  command = plan

  variables {
    nat = true
  }

  assert {
    condition     = google_compute_router_nat.this[0].source_subnetwork_ip_ranges_to_nat == "LIST_OF_SUBNETWORKS" && toset(flatten([for rule in google_compute_firewall.internet[0].allow : rule.ports])) == toset(["443", "7844"])
    error_message = "Only the subnet leaves, for the control plane and the tunnel's edge."
  }
}

run "no_flow_logs" {
  command = plan

  variables {
    flow_logs = 0
  }

  assert {
    condition     = length(google_compute_subnetwork.this.log_config) == 0
    error_message = "Nothing is logged."
  }
}

run "ranges_that_overlap_each_other" {
  command = plan

  variables {
    ranges = { pods = "10.0.0.0/15" }
  }

  expect_failures = [output.network]
}

run "ranges_that_overlap_others" {
  command = plan

  variables {
    other_ranges = { "the office" = "10.5.0.0/16" }
  }

  expect_failures = [output.network]
}

run "a_zone" {
  command = plan

  variables {
    region = "europe-west4-a"
  }

  expect_failures = [var.region]
}

run "more_than_all" {
  command = plan

  variables {
    flow_logs = 50
  }

  expect_failures = [var.flow_logs]
}

run "what_is_no_range" {
  command = plan

  variables {
    ranges = { nodes = "10.0.0.0" }
  }

  expect_failures = [var.ranges]
}
