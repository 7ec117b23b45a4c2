# The other clouds' clusters and roles reach the resources as they are given.

mock_provider "dataplane" {}

variables {
  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = "registry.example.com/dataplane-operator:0.1.0"
  control_plane = { endpoint = "https://acme.control.example.com" }
  workspaces    = { fraud = { project = "fraud", domain = "production" } }
}

run "google_cloud" {
  command = plan

  variables {
    cluster = { gke = { project = "acme-prod-123456", location = "europe-west4", name = "prod" } }
    storage = {
      metadata          = "gs://acme-prod-metadata"
      fast_registration = "gs://acme-prod-fast-registration"
      region            = "europe-west4"
    }
    roles = {
      admin = { gke = { service_account = "adminflyterole@acme-prod-123456.iam.gserviceaccount.com" } }
      user  = { gke = { service_account = "userflyterole@acme-prod-123456.iam.gserviceaccount.com" } }
    }
  }

  assert {
    condition     = dataplane_crds.this[0].cluster.gke == var.cluster.gke && dataplane_operator.this.cluster.gke == var.cluster.gke && dataplane_workspace.this["fraud"].cluster.gke == var.cluster.gke
    error_message = "Everything goes to the same cluster."
  }

  assert {
    condition     = dataplane_operator.this.roles.admin.gke == var.roles.admin.gke && dataplane_workspace.this["fraud"].role.gke == var.roles.user.gke
    error_message = "The operator has the admin role, and pods of the workspace the user role."
  }
}

run "azure" {
  command = plan

  variables {
    cluster = {
      aks              = { resource_group = "acme-prod", name = "prod" }
      private_endpoint = { host = "https://10.1.0.4" }
    }
    storage = {
      metadata          = "abfss://metadata@acmeprodmeta.dfs.core.windows.net"
      fast_registration = "abfss://fast-registration@acmeprodfast.dfs.core.windows.net"
      region            = "westeurope"
    }
    roles = {
      admin = { azure = { client_id = "22222222-2222-2222-2222-222222222222", tenant_id = "33333333-3333-3333-3333-333333333333" } }
      user  = { azure = { client_id = "55555555-5555-5555-5555-555555555555", tenant_id = "33333333-3333-3333-3333-333333333333" } }
    }
  }

  assert {
    condition     = dataplane_crds.this[0].cluster.aks == var.cluster.aks && dataplane_operator.this.cluster.aks == var.cluster.aks && dataplane_workspace.this["fraud"].cluster.aks == var.cluster.aks
    error_message = "Everything goes to the same cluster."
  }

  assert {
    condition     = length(distinct([for found in [dataplane_crds.this[0].cluster, dataplane_operator.this.cluster, dataplane_workspace.this["fraud"].cluster] : found.private_endpoint.host])) == 1 && dataplane_operator.this.cluster.private_endpoint.host == "https://10.1.0.4"
    error_message = "Everything goes there by the private endpoint."
  }

  assert {
    condition     = dataplane_operator.this.roles.admin.azure == var.roles.admin.azure && dataplane_workspace.this["fraud"].role.azure == var.roles.user.azure
    error_message = "The operator has the admin role, and pods of the workspace the user role."
  }
}

run "rights_of_the_service_accounts_themselves" {
  command = plan

  variables {
    cluster = { gke = { project = "acme-prod-123456", location = "europe-west4", name = "prod" } }
    storage = {
      metadata          = "gs://acme-prod-metadata"
      fast_registration = "gs://acme-prod-fast-registration"
    }
    roles = {
      admin = { gke = {} }
      user  = { gke = { service_account = null } }
    }
  }

  assert {
    condition     = dataplane_operator.this.roles.admin.gke != null && dataplane_workspace.this["fraud"].role.gke.service_account == null
    error_message = "The pods are known to have rights, and no service account is named."
  }
}

run "google_cloud_from_a_cluster_elsewhere" {
  command = plan

  variables {
    cluster = { kubeconfig = { path = "~/.kube/config", context = "prod" } }
    storage = {
      metadata          = "gs://acme-prod-metadata"
      fast_registration = "gs://acme-prod-fast-registration"
    }
    roles = {
      admin = {
        gke = null
        google = {
          provider        = "projects/123456789012/locations/global/workloadIdentityPools/acme/providers/oidc"
          service_account = "adminflyterole@acme-prod-123456.iam.gserviceaccount.com"
        }
      }
      user = {
        google = {
          provider = "projects/123456789012/locations/global/workloadIdentityPools/acme/providers/oidc"
          audience = "dataplane"
        }
      }
    }
  }

  assert {
    condition     = dataplane_operator.this.roles.admin.google == var.roles.admin.google && dataplane_workspace.this["fraud"].role.google == var.roles.user.google
    error_message = "Pods are told by which provider they exchange their tokens."
  }
}
