# A network that is there already is read and checked; each thing that would fail later is refused with what to do.

mock_provider "dataplane" {
  mock_data "dataplane_network_ranges" {
    defaults = {
      google_apis_private    = { ipv4 = ["199.36.153.8/30"] }
      google_apis_restricted = { ipv4 = ["199.36.153.4/30"] }
    }
  }
}

mock_provider "google" {
  mock_data "google_compute_network" {
    defaults = {
      id        = "projects/acme-prod/global/networks/acme"
      self_link = "https://www.googleapis.com/compute/v1/projects/acme-prod/global/networks/acme"
    }
  }

  override_data {
    target = data.google_compute_subnetwork.existing["nodes"]
    values = {
      id                       = "projects/acme-prod/regions/europe-west4/subnetworks/nodes"
      network                  = "https://www.googleapis.com/compute/v1/projects/acme-prod/global/networks/acme"
      ip_cidr_range            = "10.0.0.0/20"
      private_ip_google_access = true
      secondary_ip_range       = [{ range_name = "gke-pods", ip_cidr_range = "10.4.0.0/15" }, { range_name = "gke-services", ip_cidr_range = "10.6.0.0/18" }]
    }
  }
}

variables {
  name    = "acme-prod"
  project = "acme-prod"
  region  = "europe-west4"
  existing = {
    network        = "acme"
    subnet         = "nodes"
    pods_range     = "gke-pods"
    services_range = "gke-services"
  }
}

run "what_is_brought_is_used" {
  command = plan

  assert {
    condition     = length(google_compute_network.this) + length(google_compute_subnetwork.this) + length(google_compute_subnetwork.published) + length(google_compute_firewall.no_egress) + length(google_compute_firewall.inside) + length(google_compute_firewall.google) + length(google_dns_managed_zone.google) == 0
    error_message = "No network is made beside the one that was given, and nothing in it is changed."
  }

  assert {
    condition     = output.network.id == "projects/acme-prod/global/networks/acme" && output.network.subnet_ids[0] == "projects/acme-prod/regions/europe-west4/subnetworks/nodes" && output.network.cidr == "10.0.0.0/20" && output.network.pods_range == "gke-pods" && output.network.nat_subnet == null
    error_message = "Others get the network that was given."
  }
}

run "a_subnet_of_another_network" {
  command = plan

  override_data {
    target = data.google_compute_subnetwork.existing["published"]
    values = {
      id      = "projects/acme-prod/regions/europe-west4/subnetworks/published"
      network = "https://www.googleapis.com/compute/v1/projects/acme-prod/global/networks/other"
    }
  }

  variables {
    existing = {
      network        = "acme"
      subnet         = "nodes"
      pods_range     = "gke-pods"
      services_range = "gke-services"
      nat_subnet     = "published"
    }
  }

  expect_failures = [output.network]
}

run "a_range_that_the_subnet_has_not" {
  command = plan

  variables {
    existing = {
      network        = "acme"
      subnet         = "nodes"
      pods_range     = "pods"
      services_range = "gke-services"
    }
  }

  expect_failures = [output.network]
}

run "no_way_to_google" {
  command = plan

  override_data {
    target = data.google_compute_subnetwork.existing["nodes"]
    values = {
      network                  = "https://www.googleapis.com/compute/v1/projects/acme-prod/global/networks/acme"
      ip_cidr_range            = "10.0.0.0/20"
      private_ip_google_access = false
      secondary_ip_range       = [{ range_name = "gke-pods", ip_cidr_range = "10.4.0.0/15" }, { range_name = "gke-services", ip_cidr_range = "10.6.0.0/18" }]
    }
  }

  expect_failures = [output.network]
}

run "a_small_subnet" {
  command = plan

  override_data {
    target = data.google_compute_subnetwork.existing["nodes"]
    values = {
      network                  = "https://www.googleapis.com/compute/v1/projects/acme-prod/global/networks/acme"
      ip_cidr_range            = "10.0.0.0/29"
      private_ip_google_access = true
      secondary_ip_range       = [{ range_name = "gke-pods", ip_cidr_range = "10.4.0.0/15" }, { range_name = "gke-services", ip_cidr_range = "10.6.0.0/18" }]
    }
  }

  expect_failures = [output.network]
}

run "pods_that_overlap_others" {
  command = plan

  variables {
    other_ranges = { "the office" = "10.5.0.0/16" }
  }

  expect_failures = [output.network]
}

run "a_path_for_a_name" {
  command = plan

  variables {
    existing = {
      network        = "projects/acme-prod/global/networks/acme"
      subnet         = "nodes"
      pods_range     = "gke-pods"
      services_range = "gke-services"
    }
  }

  expect_failures = [var.existing]
}

run "a_way_out_of_a_network_of_others" {
  command = plan

  variables {
    nat = true
  }

  expect_failures = [var.existing]
}
