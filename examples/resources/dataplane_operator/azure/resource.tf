variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
  default     = "registry.example.com/dataplane-operator@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}

resource "dataplane_crds" "this" {
  cluster = {
    aks = { resource_group = "acme-prod", name = "prod" }
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
    metadata          = "abfss://metadata@acmeprodmeta.dfs.core.windows.net"
    fast_registration = "abfss://fast-registration@acmeprodfast.dfs.core.windows.net"
    region            = "westeurope"
  }

  roles = {
    admin = {
      azure = { client_id = "11111111-1111-1111-1111-111111111111", tenant_id = "33333333-3333-3333-3333-333333333333" }
    }
    user = {
      azure = { client_id = "22222222-2222-2222-2222-222222222222", tenant_id = "33333333-3333-3333-3333-333333333333" }
    }
  }

  # A network policy knows no host names: say where the control plane is, or pods may reach port 443 anywhere.
  egress = {
    control_plane = { cidrs = ["203.0.113.0/24"] }
  }
}
