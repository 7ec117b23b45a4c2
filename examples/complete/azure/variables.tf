variable "subscription_id" {
  description = "The subscription this is for; another one is refused before anything is changed."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", var.subscription_id))
    error_message = "A subscription is given by its id, a UUID, not by its name."
  }
}

variable "tenant_id" {
  description = "The tenant of whoever runs this; default that of the credentials."
  type        = string
  default     = null
}

variable "resource_group" {
  description = "The resource group of everything made here."
  type        = string
}

variable "location" {
  description = "Location of everything made here."
  type        = string
}

variable "cluster" {
  description = "Name of the AKS cluster."
  type        = string
}

variable "cluster_resource_group" {
  description = "The resource group of the cluster, where it is in another one."
  type        = string
  default     = null
}

variable "name_prefix" {
  description = "Beginning of the names that nobody else in Azure may have: of the storage accounts and the registry."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,20}$", var.name_prefix))
    error_message = "The prefix becomes part of the names of storage accounts: 3 to 20 lower-case letters and digits, for example acmeprod."
  }
}

variable "vault" {
  description = "Name of the key vault that the admin role reads and writes secrets in; it takes its permissions by RBAC. Without it there are no secrets."
  type        = string
  default     = null
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
    6443 and the control plane's port, task pods any address but instance metadata.

    - `kubernetes_api`: the API server, which answers at the cluster's address
    - `control_plane`: the control plane
    - `tasks`: what tasks need; at least Storage and Entra, by private endpoints or by the ranges of the location
  EOT
  type = object({
    kubernetes_api = optional(list(string))
    control_plane  = optional(list(string))
    tasks          = optional(list(string))
  })
  default  = {}
  nullable = false
}
