# What a cluster is unless somebody says otherwise, and what is refused.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_resource "google_service_account" {
    defaults = { email = "acme-prod-nodes@acme-prod.iam.gserviceaccount.com" }
  }
}

variables {
  name    = "acme-prod"
  project = "acme-prod"
  network = {
    id             = "projects/acme-prod/global/networks/acme-prod"
    region         = "europe-west4"
    subnet_ids     = ["projects/acme-prod/regions/europe-west4/subnetworks/acme-prod"]
    pods_range     = "pods"
    services_range = "services"
  }
}

run "the_api_is_private" {
  command = plan

  assert {
    condition     = one(google_container_cluster.this.private_cluster_config).enable_private_nodes && one(google_container_cluster.this.private_cluster_config).enable_private_endpoint
    error_message = "Neither nodes nor API have public addresses."
  }

  assert {
    condition     = !one(one(google_container_cluster.this.control_plane_endpoints_config).dns_endpoint_config).allow_external_traffic && length(one(google_container_cluster.this.master_authorized_networks_config).cidr_blocks) == 0
    error_message = "Nobody outside of the network reaches it."
  }

  assert {
    condition     = google_kms_crypto_key_iam_member.this.member == "serviceAccount:service-123456789012@container-engine-robot.iam.gserviceaccount.com" && one(google_container_cluster.this.database_encryption).state == "ENCRYPTED"
    error_message = "Secrets are encrypted, and GKE may use the key."
  }
}

run "pods_have_identities_of_their_own" {
  command = plan

  assert {
    condition     = one(google_container_cluster.this.workload_identity_config).workload_pool == "acme-prod.svc.id.goog" && google_container_cluster.this.datapath_provider == "ADVANCED_DATAPATH"
    error_message = "Workload Identity is on, and network policies have an effect."
  }

  assert {
    condition     = alltrue([for pool in google_container_node_pool.this : one(one(pool.node_config).workload_metadata_config).mode == "GKE_METADATA" && one(one(pool.node_config).shielded_instance_config).enable_secure_boot])
    error_message = "Pods do not reach the node's credentials, and nodes boot what is signed."
  }
}

run "an_idle_pool_costs_nothing" {
  command = plan

  variables {
    node_pools = { gpu = { machine_type = "g2-standard-8", max_size = 4, taints = [{ key = "nvidia.com/gpu", value = "present", effect = "NO_SCHEDULE" }] } }
  }

  assert {
    condition     = one(google_container_node_pool.this["gpu"].autoscaling).total_min_node_count == 0 && one(google_container_node_pool.this["gpu"].autoscaling).total_max_node_count == 4
    error_message = "A pool starts from nothing."
  }

  assert {
    condition     = google_container_node_pool.this["system"].node_count == 1 && length(google_container_node_pool.this["system"].autoscaling) == 0
    error_message = "The cluster's own pods have nodes."
  }
}

run "a_way_for_a_vendor" {
  command = plan

  variables {
    dns_endpoint = true
  }

  assert {
    condition     = one(one(google_container_cluster.this.control_plane_endpoints_config).dns_endpoint_config).allow_external_traffic && one(google_container_cluster.this.private_cluster_config).enable_private_endpoint
    error_message = "The name answers elsewhere, the address does not."
  }
}

run "a_key_of_the_customers" {
  command = plan

  variables {
    kms_key = "projects/keys/locations/europe-west4/keyRings/ours/cryptoKeys/gke"
  }

  assert {
    condition     = length(google_kms_crypto_key.this) + length(google_kms_key_ring.this) == 0 && one(google_container_cluster.this.database_encryption).key_name == "projects/keys/locations/europe-west4/keyRings/ours/cryptoKeys/gke"
    error_message = "No key is made beside the one that was given."
  }
}

# Google Cloud keeps rings and keys for ever: who destroys and applies again would be refused the names of before.
run "names_that_are_taken_once" {
  command = apply

  assert {
    condition     = can(regex("^acme-prod-[0-9a-f]{8}$", google_kms_key_ring.this[0].name)) && endswith(google_kms_key_ring.this[0].name, substr(terraform_data.life[0].id, 0, 8)) && google_kms_crypto_key.this[0].name == google_kms_key_ring.this[0].name
    error_message = "The names go by what each life of the cluster has of its own."
  }
}

run "a_ring_of_the_customers" {
  command = plan

  variables {
    key_ring = { id = "projects/keys/locations/europe-west4/keyRings/ours" }
  }

  assert {
    condition     = length(google_kms_key_ring.this) == 0 && google_kms_crypto_key.this[0].key_ring == "projects/keys/locations/europe-west4/keyRings/ours"
    error_message = "The key is made in the ring that was given."
  }
}

run "a_ring_and_a_key" {
  command = plan

  variables {
    key_ring = { id = "projects/keys/locations/europe-west4/keyRings/ours" }
    kms_key  = "projects/keys/locations/europe-west4/keyRings/ours/cryptoKeys/gke"
  }

  expect_failures = [var.key_ring]
}

run "a_rings_name_for_its_id" {
  command = plan

  variables {
    key_ring = { id = "ours" }
  }

  expect_failures = [var.key_ring]
}

run "a_long_name" {
  command = plan

  variables {
    name = "acme-production-of-the-east-and-more"
  }

  assert {
    condition     = length(google_service_account.nodes.account_id) <= 30 && google_service_account.nodes.account_id != "acme-production-of-the-e-nodes" && startswith(google_service_account.nodes.account_id, "acme-production-o")
    error_message = "An account's name is cut so that two that begin alike stay apart."
  }
}

run "everybody" {
  command = plan

  variables {
    authorized_ranges = { everybody = "0.0.0.0/0" }
  }

  expect_failures = [var.authorized_ranges]
}

run "a_pool_that_cannot_be" {
  command = plan

  variables {
    node_pools = { tasks = { machine_type = "e2-standard-4", min_size = 3, max_size = 2 } }
  }

  expect_failures = [var.node_pools]
}

run "a_channel_that_is_none" {
  command = plan

  variables {
    release_channel = "NIGHTLY"
  }

  expect_failures = [var.release_channel]
}

run "no_node_at_all" {
  command = plan

  variables {
    system = { size = 0 }
  }

  expect_failures = [var.system]
}
