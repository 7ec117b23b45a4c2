variable "name" {
  description = "Name of the data plane; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of other names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "project" {
  description = "Project that everything is made in, by its id."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the subnet."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "Give a region, as in europe-west4, and no zone of it."
  }
}

variable "ranges" {
  description = <<-EOT
    Private ranges of the network.

    - `nodes`: of the subnet; machines, the control plane and internal balancers
    - `pods`, `services`: Kubernetes'
    - `published`: addresses that consumers of services published here appear as
  EOT
  type = object({
    nodes     = optional(string, "10.0.0.0/18")
    pods      = optional(string, "10.4.0.0/15")
    services  = optional(string, "10.6.0.0/18")
    published = optional(string, "10.0.64.0/24")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for range in values(var.ranges) : can(cidrnetmask(range))])
    error_message = "Ranges are written as in 10.0.0.0/18."
  }
}

variable "other_ranges" {
  description = "Ranges that the network must not share addresses with, by what they are, as those that it is peered with."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "nat" {
  description = "Whether the subnet reaches the internet, as far as `egress` lets it; else it reaches Google's services only."
  type        = bool
  default     = false
  nullable    = false
}

variable "egress" {
  description = <<-EOT
    Where the way out leads, beside Google's services.

    - `mode`: `open`, anywhere on 443 and the tunnel's port; or `limited`, to the addresses that `data.dataplane_network_ranges` lists of the control plane
      and the tunnel's edge, and to `allowed`
    - `allowed`: further ranges and ports by names of one's own, as those of a registry
  EOT
  type = object({
    mode    = optional(string, "open")
    allowed = optional(map(object({ cidrs = list(string), ports = optional(list(number), [443]) })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["open", "limited"], var.egress.mode)
    error_message = "A mode is open or limited."
  }

  validation {
    condition     = alltrue(flatten([for name, to in var.egress.allowed : [can(regex("^[a-z][a-z0-9-]{0,15}$", name)), !contains(["control-plane", "tunnel"], name), [for range in to.cidrs : can(cidrnetmask(range)) && !endswith(range, "/0")]]]))
    error_message = "Names are up to 16 lower-case letters, digits and hyphens, and neither control-plane nor tunnel; ranges are written as in 192.0.2.0/24, and everything is no range."
  }

  validation {
    condition     = var.egress.mode == "limited" || length(var.egress.allowed) == 0
    error_message = "With mode = \"open\" everything is allowed: set mode = \"limited\", or leave allowed out."
  }
}

variable "existing" {
  description = <<-EOT
    A network that is there already; then none is made, no rule and no zone, and it is checked instead.

    - `network`, `subnet`: their names; the subnet is in `region`
    - `pods_range`, `services_range`: names of the subnet's secondary ranges
    - `nat_subnet`: name of a subnet of purpose `PRIVATE_SERVICE_CONNECT`, for services published here
    - `project`: of the network, where it is another one's (shared VPC)
  EOT
  type = object({
    network        = string
    subnet         = string
    pods_range     = string
    services_range = string
    nat_subnet     = optional(string)
    project        = optional(string)
  })
  default = null

  validation {
    condition     = try(alltrue([for name in [var.existing.network, var.existing.subnet] : can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", name))]), var.existing == null)
    error_message = "Give names, as in acme, and no paths: where they are is said by project and region."
  }

  validation {
    condition     = var.existing == null || (!var.nat && var.egress.mode == "open")
    error_message = "A network that is there keeps its own ways out: leave nat and egress out."
  }
}

variable "google_apis" {
  description = <<-EOT
    Where names of Google's services lead (`googleapis.com`, `gcr.io`, `pkg.dev` and what is below them), and what the firewall lets through.

    - `private`: Google's addresses for private networks, all services
    - `restricted`: Google's addresses for the services that VPC Service Controls guard
    - `endpoints`: nowhere yet; `modules/gcp/endpoints` leads them to an address of the network
  EOT
  type        = string
  default     = "private"
  nullable    = false

  validation {
    condition     = contains(["private", "restricted", "endpoints"], var.google_apis)
    error_message = "Google's services are reached by private, restricted or endpoints."
  }
}

variable "flow_logs" {
  description = "Share of the connections that are logged, from 0 to 1; 0 for none."
  type        = number
  default     = 0.5
  nullable    = false

  validation {
    condition     = var.flow_logs >= 0 && var.flow_logs <= 1
    error_message = "It is a share: 0.5 logs half of them."
  }
}
