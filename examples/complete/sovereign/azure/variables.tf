variable "subscription_id" {
  description = "The subscription this is for; another one is refused before anything is changed."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", var.subscription_id))
    error_message = "A subscription is given by its id, a UUID, not by its name."
  }
}

variable "resource_group" {
  description = "The resource group of cluster, network and everything made here."
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

variable "cluster_principal_id" {
  description = "Object (principal) id of the cluster's identity, which puts the balancer into its subnet."
  type        = string
}

variable "network" {
  description = "The cluster's virtual network and the security group of its nodes' subnet, by their ids, and that subnet's ranges."
  type = object({
    id                      = string
    nodes_security_group_id = string
    nodes_ranges            = list(string)
  })
}

variable "name_prefix" {
  description = "Beginning of the names that nobody else in Azure may have: of the storage accounts and the registry."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,20}$", var.name_prefix))
    error_message = "The prefix becomes part of the names of storage accounts: 3 to 20 lower-case letters and digits, for example acmeprod."
  }
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

variable "egress" {
  description = <<-EOT
    Ranges that pods may connect to, besides the control plane's:

    - `kubernetes_api`: the API server, which answers at the cluster's private address
    - `tasks`: what tasks need; at least the storage accounts and Entra, by the network's endpoints
  EOT
  type = object({
    kubernetes_api = list(string)
    tasks          = list(string)
  })
}
