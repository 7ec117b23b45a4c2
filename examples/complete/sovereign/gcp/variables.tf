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

variable "cluster" {
  description = "Name of the GKE cluster."
  type        = string
}

variable "network" {
  description = "The cluster's network, by its id, as in `projects/acme-prod-123456/global/networks/acme-prod`."
  type        = object({ id = string })
}

variable "client_ranges" {
  description = "Where people and programs that use the data plane are: ranges of offices and of their VPN."
  type        = set(string)
}

variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
}

variable "control_plane_endpoint" {
  description = "The control plane that the operator registers with."
  type        = string
}

variable "kubernetes_api" {
  description = "Ranges that the API server answers in: the cluster's private endpoint."
  type        = list(string)
}
