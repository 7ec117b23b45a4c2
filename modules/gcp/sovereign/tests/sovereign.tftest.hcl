# Clients reach the balancer, and nobody else.

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

run "clients_and_nobody_else" {
  command = apply

  assert {
    condition     = google_compute_firewall.clients.source_ranges == toset(["10.20.0.0/16", "192.168.8.0/24"]) && google_compute_firewall.clients.destination_ranges == toset(["10.0.65.0/28"]) && one(google_compute_firewall.clients.allow).ports == tolist(["443"])
    error_message = "Clients reach 443 of the balancer."
  }

  assert {
    condition     = google_compute_firewall.health_checks.source_ranges == toset(["35.191.0.0/16", "130.211.0.0/22"]) && google_compute_firewall.health_checks.destination_ranges == toset(["10.0.65.0/28"])
    error_message = "Google's health checks reach the balancer's address."
  }

  assert {
    condition     = google_compute_firewall.others.source_ranges == toset(["0.0.0.0/0"]) && one(google_compute_firewall.others.deny).protocol == "all" && google_compute_firewall.others.destination_ranges == toset(["10.0.65.0/28"])
    error_message = "Nobody else reaches the balancer."
  }

  # Rules that GKE makes have priority 1000.
  assert {
    condition     = google_compute_firewall.clients.priority < google_compute_firewall.others.priority && google_compute_firewall.health_checks.priority < google_compute_firewall.others.priority && google_compute_firewall.others.priority < 1000
    error_message = "Who is let in comes before who is not, and both before GKE's own rules."
  }

  assert {
    condition     = output.service.annotations == tomap({ "networking.gke.io/load-balancer-type" = "Internal", "networking.gke.io/internal-load-balancer-subnet" = "acme-prod-sovereign" }) && output.service.load_balancer_source_ranges == tolist(["10.20.0.0/16", "192.168.8.0/24"]) && output.service.class == null
    error_message = "The balancer is internal and takes its address from the subnet that the rules name."
  }

  assert {
    condition     = length(dataplane_private_service.this) == 0 && output.service_name == null
    error_message = "Nothing is published unless somebody asks for it."
  }
}

run "a_vpn_of_another_region" {
  command = plan

  variables {
    global_access = true
  }

  assert {
    condition     = output.service.annotations["networking.gke.io/internal-load-balancer-allow-global-access"] == "true"
    error_message = "The balancer answers in all regions of the network."
  }
}

run "offices_of_another_project" {
  command = apply

  variables {
    offices = {
      load_balancer      = "projects/acme-prod/regions/europe-west4/forwardingRules/a0123456789abcdef"
      allowed_principals = ["projects/acme-offices"]
      auto_accept        = true
      nat_range          = "10.0.64.0/24"
    }
  }

  assert {
    condition     = dataplane_private_service.this[0].load_balancer == var.offices.load_balancer && dataplane_private_service.this[0].subnets == toset([var.network.nat_subnet]) && dataplane_private_service.this[0].auto_accept
    error_message = "The balancer is published to the project."
  }

  assert {
    condition     = contains(google_compute_firewall.clients.source_ranges, "10.0.64.0/24") && contains(output.service.load_balancer_source_ranges, "10.0.64.0/24")
    error_message = "Who comes by a connection is let in by rules and Service."
  }
}
