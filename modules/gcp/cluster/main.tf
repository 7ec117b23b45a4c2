locals {
  kms_key = var.kms_key == null ? google_kms_crypto_key.this[0].id : var.kms_key
  life    = var.kms_key == null ? substr(terraform_data.life[0].id, 0, 8) : null

  # An account's name has up to 30 characters; what is longer stays apart by its hash.
  nodes = length(var.name) <= 24 ? "${var.name}-nodes" : "${trimsuffix(substr(var.name, 0, 17), "-")}-${substr(sha1(var.name), 0, 6)}-nodes"
}

data "google_project" "this" {
  project_id = var.project
}

# Google Cloud deletes neither rings nor keys and takes no name of theirs twice, so each life of the cluster has names of its own.
resource "terraform_data" "life" {
  count = var.kms_key == null ? 1 : 0
}

resource "google_kms_key_ring" "this" {
  count = var.kms_key == null && var.key_ring == null ? 1 : 0

  name     = "${var.name}-${local.life}"
  project  = var.project
  location = var.network.region
}

resource "google_kms_crypto_key" "this" {
  count = var.kms_key == null ? 1 : 0

  name            = "${var.name}-${local.life}"
  key_ring        = var.key_ring == null ? google_kms_key_ring.this[0].id : var.key_ring.id
  rotation_period = "7776000s"
  labels          = var.labels
}

# GKE's own account, by which the control plane encrypts.
resource "google_kms_crypto_key_iam_member" "this" {
  crypto_key_id = local.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${data.google_project.this.number}@container-engine-robot.iam.gserviceaccount.com"
}

resource "google_service_account" "nodes" {
  account_id   = local.nodes
  project      = var.project
  display_name = "Nodes of ${var.name}"
}

# Logs, metrics and images, and nothing of the project besides.
resource "google_project_iam_member" "nodes" {
  for_each = toset(["roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader"])

  project = var.project
  role    = each.key
  member  = "serviceAccount:${google_service_account.nodes.email}"
}

resource "google_container_cluster" "this" {
  name                = var.name
  project             = var.project
  location            = var.network.region
  network             = var.network.id
  subnetwork          = var.network.subnet_ids[0]
  networking_mode     = "VPC_NATIVE"
  datapath_provider   = "ADVANCED_DATAPATH"
  deletion_protection = var.deletion_protection
  resource_labels     = var.labels

  enable_shielded_nodes    = true
  remove_default_node_pool = true
  initial_node_count       = 1

  ip_allocation_policy {
    cluster_secondary_range_name  = var.network.pods_range
    services_secondary_range_name = var.network.services_range
  }

  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = true
  }

  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = var.dns_endpoint
    }

    ip_endpoints_config {
      enabled = true
    }
  }

  master_authorized_networks_config {
    gcp_public_cidrs_access_enabled = false

    dynamic "cidr_blocks" {
      for_each = var.authorized_ranges

      content {
        display_name = cidr_blocks.key
        cidr_block   = cidr_blocks.value
      }
    }
  }

  workload_identity_config {
    workload_pool = "${var.project}.svc.id.goog"
  }

  database_encryption {
    state    = "ENCRYPTED"
    key_name = local.kms_key
  }

  release_channel {
    channel = var.release_channel
  }

  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }

  # The pool that goes at once has the account of the others.
  node_config {
    service_account = google_service_account.nodes.email
  }

  lifecycle {
    ignore_changes = [node_config, initial_node_count]
  }

  depends_on = [google_kms_crypto_key_iam_member.this, google_project_iam_member.nodes]
}

locals {
  pools = merge(
    {
      system = {
        machine_type = var.system.machine_type
        min_size     = null
        max_size     = null
        spot         = false
        disk_gib     = 50
        labels       = {}
        taints       = []
      }
    },
    var.node_pools,
  )
}

resource "google_container_node_pool" "this" {
  for_each = local.pools

  name       = each.key
  project    = var.project
  location   = var.network.region
  cluster    = google_container_cluster.this.name
  node_count = each.key == "system" ? var.system.size : null

  # In any zone: a pool of accelerators grows where there are some.
  dynamic "autoscaling" {
    for_each = each.key == "system" ? [] : [each.value]

    content {
      total_min_node_count = autoscaling.value.min_size
      total_max_node_count = autoscaling.value.max_size
      location_policy      = "ANY"
    }
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  node_config {
    machine_type    = each.value.machine_type
    disk_size_gb    = each.value.disk_gib
    spot            = each.value.spot
    labels          = each.value.labels
    resource_labels = var.labels
    service_account = google_service_account.nodes.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]

    # Pods get tokens of their own identity from the node, and none of the node's.
    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    dynamic "taint" {
      for_each = each.value.taints

      content {
        key    = taint.value.key
        value  = taint.value.value
        effect = taint.value.effect
      }
    }
  }
}
