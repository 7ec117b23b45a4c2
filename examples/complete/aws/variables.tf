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

variable "cluster" {
  description = "Name of the EKS cluster."
  type        = string
}

variable "pod_identity" {
  description = "Whether pods get their role by EKS Pod Identity, in place of the cluster's OIDC issuer."
  type        = bool
  default     = false
}

variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
}

variable "control_plane_endpoint" {
  description = "The control plane that the operator registers with."
  type        = string
}

variable "permissions_boundary" {
  description = "ARN of the policy that limits what the roles can be granted."
  type        = string
  default     = null
}
