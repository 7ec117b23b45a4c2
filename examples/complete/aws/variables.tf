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

variable "egress" {
  description = <<-EOT
    Address ranges that pods may connect to. What is left out is wide: the operator's pods may reach any address on 443,
    6443 and the control plane's port, task pods any address but instance metadata.

    - `kubernetes_api`: the API server, which answers in the cluster's subnets
    - `control_plane`: the control plane
    - `tasks`: what tasks need; at least S3 and STS, by the VPC's endpoints or by the ranges of the region
  EOT
  type = object({
    kubernetes_api = optional(list(string))
    control_plane  = optional(list(string))
    tasks          = optional(list(string))
  })
  default  = {}
  nullable = false
}
