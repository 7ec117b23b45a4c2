variable "name" {
  description = "Name of the customer's data plane; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of other names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "resource_group" {
  description = "Resource group of the vendor's that the zone is made in; it is there already."
  type        = string
  nullable    = false
}

variable "customer" {
  description = <<-EOT
    What the customer handed over: the output `hand_over` of `modules/azure/private-api`.

    - `service_name`: id or alias of the Private Link service; or the id of a private cluster of the older kind, which is its own
    - `server_name`: the API's host name
  EOT
  type = object({
    service_name = string
    server_name  = string
  })
  nullable = false

  validation {
    condition     = can(regex("(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/(Microsoft\\.Network/privateLinkServices|Microsoft\\.ContainerService/managedClusters)/[^/]+$", var.customer.service_name)) || endswith(var.customer.service_name, ".azure.privatelinkservice")
    error_message = "The service is named by its id, /subscriptions/…/privateLinkServices/…, or by its alias, as the customer's output service_name says."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9.-]+\\.[A-Za-z]+$", var.customer.server_name))
    error_message = "The server's name is the host of the cluster's own API, without https:// and port."
  }
}

variable "network" {
  description = "The vendor's network, as `modules/azure/network` gives it: the endpoint lies in `endpoint_subnet_id`, whose security group says who reaches it."
  type = object({
    id                 = string
    endpoint_subnet_id = string
  })
  nullable = false
}

variable "request_message" {
  description = "What the customer reads beside the request: up to 140 characters."
  type        = string
  default     = null

  validation {
    condition     = length(coalesce(var.request_message, "none")) <= 140
    error_message = "Azure takes 140 characters."
  }
}

variable "dns" {
  description = "Whether the API's own host name leads to the endpoint in this network, so that kubectl works with the cluster's own kubeconfig."
  type        = bool
  default     = true
  nullable    = false
}

variable "acceptance_timeout" {
  description = "How long an apply waits for the customer to accept, as in `10m`."
  type        = string
  default     = "10m"
  nullable    = false
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}
