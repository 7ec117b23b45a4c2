variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
  default     = "registry.example.com/dataplane-operator@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}

resource "dataplane_crds" "this" {
  cluster = {
    gke = { project = "acme-prod-123456", location = "europe-west4", name = "prod" }
  }
}

resource "dataplane_operator" "this" {
  cluster          = dataplane_crds.this.cluster
  namespace        = "union"
  create_namespace = true

  organization = "acme"
  cluster_name = "prod-eu"
  image        = var.operator_image

  control_plane = {
    endpoint = "https://acme.control.example.com"
  }

  storage = {
    metadata          = "gs://acme-prod-metadata"
    fast_registration = "gs://acme-prod-fast-registration"
    region            = "europe-west4"
  }

  roles = {
    admin = { gke = { service_account = "adminflyterole@acme-prod-123456.iam.gserviceaccount.com" } }
    user  = { gke = { service_account = "userflyterole@acme-prod-123456.iam.gserviceaccount.com" } }
  }

  # A network policy knows no host names: say where the control plane is, or pods may reach port 443 anywhere.
  egress = {
    control_plane = { cidrs = ["203.0.113.0/24"] }
  }
}
