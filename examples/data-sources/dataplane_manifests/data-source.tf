variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
  default     = "registry.example.com/dataplane-operator@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}

# The same objects as dataplane_operator applies, for Argo CD or Flux.
data "dataplane_manifests" "this" {
  namespace    = "union"
  organization = "acme"
  cluster_name = "prod-eu"
  image        = var.operator_image

  control_plane = {
    endpoint = "https://acme.control.example.com"
  }

  storage = {
    metadata          = "s3://acme-prod-metadata"
    fast_registration = "s3://acme-prod-fast-registration"
  }

  roles = {
    admin = { irsa = { role_arn = "arn:aws:iam::123456789012:role/adminflyterole" } }
  }
}

output "yaml" {
  value = data.dataplane_manifests.this.yaml
}
