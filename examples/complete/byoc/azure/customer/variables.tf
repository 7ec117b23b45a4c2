variable "subscription_id" {
  description = "The customer's subscription; another one is refused before anything is changed."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", var.subscription_id))
    error_message = "A subscription is given by its id, a UUID, not by its name."
  }
}

variable "resource_group" {
  description = "The cluster's resource group, which the way to it is made in, too."
  type        = string
}

variable "location" {
  description = "Region of the cluster."
  type        = string
}

variable "name" {
  description = "Name of the data plane."
  type        = string
  default     = "acme-prod"
}

variable "cluster" {
  description = "Name of the AKS cluster; its API server is in the network (API server VNet integration), and its users are Entra's."
  type        = string
}

variable "link_subnet_id" {
  description = "A subnet of the cluster's network for what comes over Private Link, without network policies for Private Link services."
  type        = string
}

variable "vendor" {
  description = "Who the vendor is: `principal_id` is the object id, in this tenant, of the service principal of the vendor's application; `subscriptions` are those that the vendor connects from."
  type = object({
    principal_id  = string
    subscriptions = set(string)
  })

  validation {
    condition     = can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", var.vendor.principal_id))
    error_message = "The object id of the service principal in this tenant is a UUID; what the vendor knows is the client id, which is another one."
  }
}

variable "accepted_connections" {
  description = "Ids of the vendor's endpoints that are let in."
  type        = set(string)
  default     = []
}

variable "rejected_connections" {
  description = "Ids of the vendor's endpoints that are kept out; one that was let in is cut off."
  type        = set(string)
  default     = []
}

variable "force_destroy" {
  description = "Whether destroying the service also ends the connections to it. Has to be applied before the destroy."
  type        = bool
  default     = false
}
