# With the network of modules/gcp/network: a name leads to an address, and the firewall lets the address through.

mock_provider "google" {
  mock_resource "google_compute_network" {
    defaults = { id = "projects/acme-prod/global/networks/acme-prod" }
  }
}

mock_provider "dataplane" {
  mock_data "dataplane_network_ranges" {
    defaults = {
      google_apis_private    = { ipv4 = ["199.36.153.8/30"] }
      google_apis_restricted = { ipv4 = ["199.36.153.4/30"] }
    }
  }
  mock_resource "dataplane_private_endpoint" {
    defaults = {
      id        = "acmeprodallapis"
      state     = "available"
      addresses = ["10.255.0.2"]
    }
  }
}

variables {
  name        = "acme-prod"
  project     = "acme-prod"
  region      = "europe-west4"
  google_apis = "endpoints"
}

run "a_network_for_endpoints" {
  module {
    source = "../network"
  }

  assert {
    condition     = one(google_compute_firewall.no_egress[0].deny).protocol == "all"
    error_message = "Without rules nothing leaves."
  }
}

run "the_address_is_let_through" {
  variables {
    network = run.a_network_for_endpoints.network
  }

  assert {
    condition     = alltrue([for record in google_dns_record_set.apex : alltrue([for address in record.rrdatas : contains(google_compute_firewall.this.destination_ranges, "${address}/32")]) && length(record.rrdatas) > 0])
    error_message = "Every address that a name has is let through."
  }

  assert {
    condition     = google_compute_firewall.this.direction == "EGRESS" && google_compute_firewall.this.network == run.a_network_for_endpoints.network.id && google_compute_firewall.this.priority < 65000 && toset(one(google_compute_firewall.this.allow).ports) == toset(["443"])
    error_message = "The rule is one of this network, comes before the one that denies, and is for TLS only."
  }
}

run "a_cluster_is_made_in_it" {
  variables {
    name    = "acme-prod"
    network = run.the_address_is_let_through.network
  }

  module {
    source = "../cluster"
  }

  assert {
    condition     = google_container_cluster.this.subnetwork == run.a_network_for_endpoints.network.subnet_ids[0]
    error_message = "The network is handed on whole."
  }
}

run "a_network_whose_names_lead_to_google" {
  variables {
    google_apis = "private"
  }

  module {
    source = "../network"
  }
}

run "two_zones_of_one_name" {
  command = plan

  variables {
    network = run.a_network_whose_names_lead_to_google.network
  }

  expect_failures = [var.domains]
}

run "clusters_of_others_beside_them" {
  variables {
    network = run.a_network_whose_names_lead_to_google.network
    domains = ["gke.goog"]
  }

  assert {
    condition     = keys(google_dns_managed_zone.this) == ["gke.goog"] && google_compute_firewall.this.destination_ranges == toset(["10.255.0.2/32"])
    error_message = "A vendor's way to clusters' DNS endpoints is let through as well."
  }
}
