variable "name" {
  description = "Name of the data plane; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of other names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "resource_group" {
  description = "Resource group of the virtual network and of its security group."
  type        = string
  nullable    = false
}

variable "network" {
  description = <<-EOT
    The network of the cluster, as `modules/azure/network` gives it:

    - `id`: of the virtual network
    - `nodes_security_group_id`: of the security group that holds for the nodes' subnet
    - `nodes_ranges`: of that subnet, from where alone node ports are reached
    - `link_subnet_id`: of the subnet for published services, for `offices`
  EOT
  type = object({
    id                      = string
    nodes_security_group_id = string
    nodes_ranges            = list(string)
    link_subnet_id          = optional(string)
  })
  nullable = false

  validation {
    condition     = length(var.network.nodes_ranges) > 0 && alltrue([for range in var.network.nodes_ranges : try(cidrsubnet(range, 0, 0) == range && tonumber(split("/", range)[1]) >= 8, false)])
    error_message = "nodes_ranges are those of the nodes' subnet, as in 10.0.0.0/19."
  }
}

variable "cluster_principal_id" {
  description = "Object (principal) id of the cluster's identity, which puts the balancer into the subnet."
  type        = string
  nullable    = false
}

variable "range" {
  description = "Range of the subnet that is made for the balancer's address, apart from all others of the network."
  type        = string
  default     = "10.0.35.0/28"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.range)) && try(cidrsubnet(var.range, 0, 0) == var.range && tonumber(split("/", var.range)[1]) <= 29, false)
    error_message = "The range is one of IPv4 of at least /29, as in 10.0.35.0/28."
  }
}

variable "client_ranges" {
  description = "Where clients are: the ranges of offices and their VPN, and of networks that are peered with this one. Nobody else reaches the balancer."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.client_ranges) > 0 && alltrue([for range in var.client_ranges : try(cidrnetmask(range) != "" && cidrsubnet(range, 0, 0) == range, false)])
    error_message = "Clients are ranges in CIDR notation without bits of a host, as in 10.20.0.0/16: the balancer has no other address than one of IPv4."
  }

  validation {
    condition     = alltrue([for range in var.client_ranges : try(tonumber(split("/", range)[1]) >= 8, true)])
    error_message = "A range wider than /8 is no customer's network, and two of /1 are everybody: name the ranges of offices and VPN."
  }
}

variable "priority" {
  description = "Priority of the rule for clients in the security group; the four rules after it have the next. Azure refuses two of one priority, so move it by five or more."
  type        = number
  default     = 200
  nullable    = false

  validation {
    condition     = var.priority >= 100 && var.priority <= 4092
    error_message = "Priorities are from 100 to 4096, and five are taken."
  }
}

variable "offices" {
  description = <<-EOT
    Offices that come from networks of other subscriptions, by a private connection; `null` for none. The balancer is there once the
    gateway runs, so this is given in a second apply.

    - `load_balancer`: id of the frontend that AKS made, `…/loadBalancers/kubernetes-internal/frontendIPConfigurations/…`
    - `allowed_principals`: subscriptions that may ask for a connection
    - `accepted_connections`, `rejected_connections`: ids of their endpoints that are let in and kept out, as `connections` shows them
    - `auto_accept`: whether whoever is allowed is let in without being accepted
    - `nat_range`: range of `network.link_subnet_id`, whose addresses they come with
    - `force_destroy`: whether destroying it also ends the connections to it
  EOT
  type = object({
    load_balancer        = string
    allowed_principals   = optional(set(string), [])
    accepted_connections = optional(set(string), [])
    rejected_connections = optional(set(string), [])
    auto_accept          = optional(bool, false)
    nat_range            = string
    force_destroy        = optional(bool, false)
  })
  default = null

  validation {
    condition     = !contains(try(var.offices.allowed_principals, []), "*")
    error_message = "Name who may ask for a connection: \"*\" is everybody."
  }

  validation {
    condition     = var.offices == null || try(cidrsubnet(var.offices.nat_range, 0, 0) == var.offices.nat_range && tonumber(split("/", var.offices.nat_range)[1]) >= 8, false)
    error_message = "nat_range is the range of the subnet for published services, as in 10.0.33.0/24."
  }
}

variable "tags" {
  description = "Tags for what can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}
