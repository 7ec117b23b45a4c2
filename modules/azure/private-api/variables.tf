variable "name" {
  description = "Name of the data plane; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of other names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "cluster" {
  description = <<-EOT
    The AKS cluster, as `modules/azure/cluster` gives it in `api`, or as `data.azurerm_kubernetes_cluster` says; its API server stands in the network.

    - `name`, `resource_group`
    - `node_resource_group`: the one that AKS keeps its own objects in
    - `private_fqdn`: the API's host name
  EOT
  type = object({
    name                = string
    resource_group      = string
    node_resource_group = string
    private_fqdn        = string
  })
  nullable = false

  validation {
    condition     = can(regex("^[A-Za-z0-9.-]+\\.[A-Za-z]+$", var.cluster.private_fqdn))
    error_message = "The API's name is a host, without https:// and port."
  }
}

variable "network" {
  description = "The network of the cluster, as `modules/azure/network` gives it: `link_subnet_id` is where consumers' traffic comes from."
  type = object({
    link_subnet_id = string
  })
  nullable = false
}

variable "allowed_subscriptions" {
  description = "Who may ask for a connection: ids of the vendor's subscriptions."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.allowed_subscriptions) > 0 && alltrue([for id in var.allowed_subscriptions : can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", id))])
    error_message = "Name the vendor's subscriptions by their ids: without them nobody can ask, and with \"*\" everybody could."
  }
}

variable "accepted_connections" {
  description = "Ids of the vendor's endpoints that are let in, `/subscriptions/…/privateEndpoints/…`, as the vendor tells them or as `connections` shows them."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "rejected_connections" {
  description = "Ids of the vendor's endpoints that are kept out. One that was let in is cut off, which taking it out of `accepted_connections` does not do."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setintersection(var.rejected_connections, var.accepted_connections)) == 0
    error_message = "${join(", ", setintersection(var.rejected_connections, var.accepted_connections))}: both accepted and rejected. Take it out of accepted_connections."
  }
}

variable "auto_accept" {
  description = "Whether whoever may ask is let in without being accepted."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_destroy" {
  description = "Whether destroying the service also ends the connections to it; else it is refused while somebody is connected. Has to be applied before the destroy."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}
