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
  description = <<-EOT
    Who the vendor is: `principals` are the object ids, in this tenant, of the service principals of its applications, one for each purpose;
    `subscriptions` are those that it connects from. `on_call` are subjects of tokens of its `issuer`, of the people who are called when
    something is broken; such tokens are made out for `external_id`, which the vendor gave this customer.
  EOT
  type = object({
    principals = object({
      provision   = string
      maintain    = string
      deprovision = string
    })
    subscriptions = set(string)
    issuer        = optional(string)
    on_call       = optional(set(string), [])
    external_id   = optional(string)
  })

  validation {
    condition     = alltrue([for principal in values(var.vendor.principals) : can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", principal))])
    error_message = "The object id of a service principal in this tenant is a UUID; what the vendor knows is the client id, which is another one."
  }

  validation {
    condition     = length(var.vendor.on_call) == 0 || (var.vendor.issuer != null && can(regex("^[A-Za-z0-9._-]{8,24}$", var.vendor.external_id)))
    error_message = "Who is on call comes with a token of the issuer, and external_id is required: without it another customer of the vendor could name your identity (confused deputy). 8 to 24 letters, digits and ._-."
  }
}

variable "break_glass" {
  description = "While `break_glass` may be taken: from `not_before` to `not_after` (RFC 3339, at most 12 hours), for `incident`. Without it nobody may."
  type = object({
    not_before = string
    not_after  = string
    incident   = string
  })
  default = null
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
