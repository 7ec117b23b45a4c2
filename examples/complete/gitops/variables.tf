variable "account_id" {
  description = "The account this is for; another one is refused before anything is changed."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id is 12 digits."
  }
}

variable "region" {
  description = "Region of the cluster and of everything made here."
  type        = string
}

variable "issuer" {
  description = "OIDC issuer of the cluster, as `aws eks describe-cluster --query cluster.identity.oidc.issuer` says."
  type        = string
}

variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
}

variable "control_plane_endpoint" {
  description = "The control plane that the operator registers with."
  type        = string
}
