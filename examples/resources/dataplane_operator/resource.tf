variable "kubeconfig" {
  description = "Path of the kubeconfig file."
  type        = string
  default     = "~/.kube/config"
}

variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
  default     = "registry.example.com/dataplane-operator@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}

resource "dataplane_crds" "this" {
  cluster = {
    kubeconfig = { path = var.kubeconfig }
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
    metadata          = "s3://acme-prod-metadata"
    fast_registration = "s3://acme-prod-fast-registration"
    region            = "eu-west-1"
  }

  roles = {
    admin = { irsa = { role_arn = "arn:aws:iam::123456789012:role/adminflyterole" } }
    user  = { irsa = { role_arn = "arn:aws:iam::123456789012:role/userflyterole" } }
  }

  # A network policy knows no host names: say where the control plane is, or pods may reach port 443 anywhere.
  egress = {
    control_plane = { cidrs = ["203.0.113.0/24"] }
  }
}
