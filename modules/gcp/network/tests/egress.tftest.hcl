# What leaves a network that has a way out, and that nothing comes in.

mock_provider "google" {}

mock_provider "dataplane" {
  mock_data "dataplane_network_ranges" {
    defaults = {
      google_apis_private    = { ipv4 = ["199.36.153.8/30"] }
      google_apis_restricted = { ipv4 = ["199.36.153.4/30"] }
      cloudflare             = { ipv4 = ["104.16.0.0/13", "172.64.0.0/13"], ports = [443] }
      tunnel                 = { ipv4 = ["198.41.192.167/32"], ports = [7844] }
    }
  }
}

variables {
  name    = "acme-prod"
  project = "acme-prod"
  region  = "europe-west4"
  nat     = true
}

run "limited_to_what_the_data_plane_talks_to" {
  command = plan

  variables {
    egress = { mode = "limited" }
  }

  assert {
    condition     = length(google_compute_firewall.internet) == 0 && toset(keys(google_compute_firewall.allowed)) == toset(["control-plane", "tunnel"])
    error_message = "No rule leads anywhere."
  }

  assert {
    condition     = google_compute_firewall.allowed["control-plane"].destination_ranges == toset(["104.16.0.0/13", "172.64.0.0/13"]) && [for rule in google_compute_firewall.allowed["control-plane"].allow : "${rule.protocol} ${join(",", rule.ports)}"] == ["tcp 443"]
    error_message = "The control plane is reached where it is published to be."
  }

  assert {
    condition     = google_compute_firewall.allowed["tunnel"].destination_ranges == toset(["198.41.192.167/32"]) && toset([for rule in google_compute_firewall.allowed["tunnel"].allow : "${rule.protocol} ${join(",", rule.ports)}"]) == toset(["tcp 7844", "udp 7844"])
    error_message = "So is the tunnel's edge, over both of its protocols."
  }

  assert {
    condition     = alltrue(flatten([for rule in concat(google_compute_firewall.inside, google_compute_firewall.google, values(google_compute_firewall.allowed)) : [for range in rule.destination_ranges : !endswith(range, "/0")]])) && alltrue([for rule in google_compute_firewall.allowed : rule.priority < google_compute_firewall.no_egress[0].priority])
    error_message = "Everything is allowed by no rule, and each comes before the one that denies."
  }
}

run "a_registry_beside_them" {
  command = plan

  variables {
    egress = { mode = "limited", allowed = { registry = { cidrs = ["192.0.2.0/24"] } } }
  }

  assert {
    condition     = google_compute_firewall.allowed["registry"].destination_ranges == toset(["192.0.2.0/24"]) && one(google_compute_firewall.allowed["registry"].allow).ports == tolist(["443"])
    error_message = "What is named is reached as well."
  }
}

run "nothing_comes_in" {
  command = plan

  variables {
    egress = { mode = "limited", allowed = { registry = { cidrs = ["192.0.2.0/24"] } } }
  }

  assert {
    condition     = alltrue([for rule in concat(google_compute_firewall.no_egress, google_compute_firewall.inside, google_compute_firewall.google, google_compute_firewall.internet, values(google_compute_firewall.allowed)) : rule.direction == "EGRESS"])
    error_message = "No rule lets anybody in, the vendor included."
  }
}

run "everything_by_another_name" {
  command = plan

  variables {
    egress = { mode = "limited", allowed = { all = { cidrs = ["0.0.0.0/0"] } } }
  }

  expect_failures = [var.egress]
}

run "a_list_that_nothing_reads" {
  command = plan

  variables {
    egress = { allowed = { registry = { cidrs = ["192.0.2.0/24"] } } }
  }

  expect_failures = [var.egress]
}

run "a_mode_that_is_none" {
  command = plan

  variables {
    egress = { mode = "closed" }
  }

  expect_failures = [var.egress]
}
