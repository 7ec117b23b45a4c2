variable "foundation" {
  description = "What the foundation says: the output `foundation` of its root."
  type = object({
    name            = string
    subscription_id = string
    resource_group  = string
    location        = string
    cluster         = object({ aks = object({ resource_group = string, name = string }) })
    issuer          = string
    network         = object({ id = string, cidr = string, endpoint_subnet_id = string })
  })
}

variable "name_prefix" {
  description = "Beginning of the names of the storage accounts, which nobody else in Azure may have."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,20}$", var.name_prefix))
    error_message = "The prefix becomes part of the names of storage accounts: 3 to 20 lower-case letters and digits, for example acmeprod."
  }
}

variable "entra" {
  description = "Ranges that Entra answers at, as Azure publishes them for `AzureActiveDirectory`: pods sign in there, and it has no private endpoint."
  type        = list(string)

  validation {
    condition     = length(var.entra) > 0 && alltrue([for range in var.entra : can(cidrnetmask(range)) && !endswith(range, "/0")])
    error_message = "Ranges are written as in 20.190.128.0/18; everything is none of them, and without any no pod signs in."
  }
}

variable "registries" {
  description = "Ids of registries of the tier Premium that images come from, by names of one's own; each gets an endpoint."
  type        = map(string)
  default     = {}
}

variable "zones" {
  description = "Private DNS zones that are there already and linked to the network, as those of a hub: their ids, by name."
  type        = map(string)
  default     = {}
}

variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
}

variable "control_plane_endpoint" {
  description = "The control plane that the operator registers with."
  type        = string
}
