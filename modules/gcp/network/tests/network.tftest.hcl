# What is made when only a name and a place are given, and what is refused.

mock_provider "google" {}
mock_provider "dataplane" {
  mock_data "dataplane_network_ranges" {
    defaults = {
      google_apis_private    = { ipv4 = ["199.36.153.8/30"] }
      google_apis_restricted = { ipv4 = ["199.36.153.4/30"] }
    }
  }
}

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
    condition     = one(google_compute_firewall.no_egress[0].deny).protocol == "all" && google_compute_firewall.no_egress[0].priority > google_compute_firewall.google[0].priority && google_compute_firewall.google[0].destination_ranges == toset(["199.36.153.8/30"])
    error_message = "What is not allowed does not leave; Google's services are."
  }

  assert {
    condition     = google_compute_subnetwork.this[0].private_ip_google_access && !google_compute_network.this[0].auto_create_subnetworks
    error_message = "Google's services are reached from private addresses, and no other subnets are made."
  }
}

# A name that leads where the firewall does not let through is a cluster whose nodes never register.
run "names_lead_where_the_firewall_lets_through" {
  command = apply

  assert {
    condition     = toset(keys(google_dns_managed_zone.google)) == toset(["googleapis.com", "gcr.io", "pkg.dev"]) && alltrue([for zone in google_dns_managed_zone.google : zone.visibility == "private" && one(one(zone.private_visibility_config).networks).network_url == google_compute_network.this[0].id])
    error_message = "Google's interfaces and registries have zones in this network."
  }

  assert {
    condition = alltrue([for record in google_dns_record_set.apex : alltrue([
      for address in record.rrdatas : length(provider::dataplane::cidr_overlaps(["${address}/32"], google_compute_firewall.google[0].destination_ranges)) == 1
    ]) && length(record.rrdatas) == 4])
    error_message = "Every address that a name has is let through."
  }

  assert {
    condition     = google_dns_record_set.apex["pkg.dev"].type == "A" && google_dns_record_set.below["pkg.dev"].name == "*.pkg.dev." && google_dns_record_set.below["pkg.dev"].rrdatas[0] == "pkg.dev."
    error_message = "What is below a domain leads where the domain does."
  }
}

run "only_what_a_perimeter_guards" {
  command = apply

  variables {
    google_apis = "restricted"
  }

  assert {
    condition     = google_compute_firewall.google[0].destination_ranges == toset(["199.36.153.4/30"]) && toset(google_dns_record_set.apex["googleapis.com"].rrdatas) == toset(["199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7"])
    error_message = "The names lead to restricted.googleapis.com, and nothing leaves but there."
  }
}

run "endpoints_of_ones_own" {
  command = plan

  variables {
    google_apis = "endpoints"
  }

  assert {
    condition     = length(google_compute_firewall.google) + length(google_dns_managed_zone.google) + length(google_dns_record_set.apex) == 0 && length(output.network.google_domains) == 0
    error_message = "The names are left to modules/gcp/endpoints, and Google's addresses are not let through."
  }
}

run "a_way_that_is_none" {
  command = plan

  variables {
    google_apis = "public"
  }

  expect_failures = [var.google_apis]
}

run "the_subnets" {
  command = plan

  assert {
    condition     = { for range in google_compute_subnetwork.this[0].secondary_ip_range : range.range_name => range.ip_cidr_range } == { pods = "10.4.0.0/15", services = "10.6.0.0/18" }
    error_message = "Pods and services have ranges of their own."
  }

  assert {
    condition     = google_compute_subnetwork.published[0].purpose == "PRIVATE_SERVICE_CONNECT" && one(google_compute_subnetwork.this[0].log_config).flow_sampling == 0.5
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
    condition     = length(google_compute_subnetwork.this[0].log_config) == 0
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
