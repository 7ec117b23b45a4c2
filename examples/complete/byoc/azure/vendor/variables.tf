variable "subscription_id" {
  description = "The vendor's subscription, where the endpoint is; another one is refused before anything is changed."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", var.subscription_id))
    error_message = "A subscription is given by its id, a UUID, not by its name."
  }
}

variable "resource_group" {
  description = "The vendor's resource group that the endpoint and its zone are made in."
  type        = string
}

variable "customer" {
  description = "What the customer handed over: the output `customer` of the customer's root."
  type = object({
    name                      = string
    tenant_id                 = string
    subscription_id           = string
    location                  = string
    resource_group            = string
    data_plane_resource_group = string
    cluster                   = string
    issuer                    = string
    service_name              = string
    server_name               = string
  })
}

variable "network" {
  description = "The vendor's network that the pipeline runs in, in the customer's region, and its subnet for endpoints."
  type = object({
    id                 = string
    endpoint_subnet_id = string
  })
}

variable "name_prefix" {
  description = "Beginning of the names that nobody else in Azure may have: of the storage accounts and the registry."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,18}$", var.name_prefix))
    error_message = "The prefix becomes part of the names of storage accounts: 3 to 18 lower-case letters and digits, for example acmeprod."
  }
}

variable "acceptance_timeout" {
  description = "How long an apply waits for the customer to let it in."
  type        = string
  default     = "10m"
}

variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
}

variable "control_plane_endpoint" {
  description = "The control plane that the operator registers with."
  type        = string
}
