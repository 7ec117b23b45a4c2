variable "name" {
  description = "Name of the data plane; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of other names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "network" {
  description = "The network of the cluster, as `modules/aws/network` gives it. The balancer stands in `subnet_ids`."
  type = object({
    id         = string
    cidr       = string
    subnet_ids = list(string)
  })
  nullable = false
}

variable "client_ranges" {
  description = "Where clients are: the ranges of offices and their VPN, and of networks that are peered with this one. Nobody else reaches the balancer."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.client_ranges) > 0 && alltrue([for range in var.client_ranges : try(cidrsubnet(range, 0, 0) == range, false)])
    error_message = "Clients are ranges in CIDR notation without bits of a host, as in 10.20.0.0/16 or fd12:3456::/32."
  }

  validation {
    condition     = alltrue([for range in var.client_ranges : try(tonumber(split("/", range)[1]) >= 8, true)])
    error_message = "A range wider than /8 is no customer's network, and two of /1 are everybody: name the ranges of offices and VPN."
  }
}

variable "offices" {
  description = <<-EOT
    Offices that come from networks of other accounts, by a private connection; `null` for none. The balancer is there once the
    gateway runs, so this is given in a second apply.

    - `load_balancer`: ARN of the Network Load Balancer that the controller made
    - `allowed_principals`: ARNs of the accounts, roles or users that may ask for a connection
    - `accepted_connections`, `rejected_connections`: ids of their endpoints that are let in and kept out, as `connections` shows them
    - `auto_accept`: whether whoever is allowed is let in without being accepted
    - `force_destroy`: whether destroying it also ends the connections to it
  EOT
  type = object({
    load_balancer        = string
    allowed_principals   = optional(set(string), [])
    accepted_connections = optional(set(string), [])
    rejected_connections = optional(set(string), [])
    auto_accept          = optional(bool, false)
    force_destroy        = optional(bool, false)
  })
  default = null

  validation {
    condition     = !contains(try(var.offices.allowed_principals, []), "*")
    error_message = "Name who may ask for a connection: \"*\" is everybody."
  }
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}
