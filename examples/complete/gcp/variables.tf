variable "project" {
  description = "The project of the cluster and of everything made here; another one is refused before anything is changed."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project is given by its id, 6 to 30 lower-case letters, digits and hyphens, not by its name or number."
  }
}

variable "region" {
  description = "Region of everything made here, and of the cluster."
  type        = string
}

variable "location" {
  description = "Zone of the cluster, where it is a zonal one; default the region."
  type        = string
  default     = null
}

variable "cluster" {
  description = "Name of the GKE cluster."
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

variable "egress" {
  description = <<-EOT
    Address ranges that pods may connect to. What is left out is wide: the operator's pods may reach any address on 443,
    6443 and the control plane's port, task pods any address but link-local ones.

    - `kubernetes_api`: the API server, which answers at the cluster's endpoint
    - `control_plane`: the control plane
    - `tasks`: what tasks need; at least Google's APIs
  EOT
  type = object({
    kubernetes_api = optional(list(string))
    control_plane  = optional(list(string))
    tasks          = optional(list(string))
  })
  default  = {}
  nullable = false
}
