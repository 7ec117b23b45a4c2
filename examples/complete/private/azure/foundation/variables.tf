variable "subscription_id" {
  description = "The subscription this is for, by its id."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", var.subscription_id))
    error_message = "A subscription is given by its id, a UUID, not by its name."
  }
}

variable "resource_group" {
  description = "The resource group of everything made here; it is there already."
  type        = string
}

variable "location" {
  description = "Region of everything made here, as in `westeurope`."
  type        = string
}

variable "name" {
  description = "Name of the data plane, of its network and of its cluster."
  type        = string
  default     = "acme-prod"
}

variable "key_vault" {
  description = "Name of the key vault made here for the cluster's key; nobody else in Azure has it."
  type        = string
}

variable "kubernetes_version" {
  description = "Version of Kubernetes, as in `1.33`."
  type        = string
}

variable "admins" {
  description = "Object ids of the groups of Entra that administer the cluster."
  type        = set(string)
}

variable "existing" {
  description = "A network that is there already, as `existing` of modules/azure/network takes it; then none is made. It has a way out to the control plane."
  type = object({
    virtual_network = string
    resource_group  = optional(string)
    subnets         = object({ nodes = string, endpoints = string, api = string, published = optional(string) })
    nat             = optional(bool, false)
    dns_forwards    = optional(bool, false)
  })
  default = null
}
