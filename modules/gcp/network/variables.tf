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
  description = "Whether the subnet reaches the internet, on port 443, for the control plane and the tunnel's edge; else it reaches Google's services only."
  type        = bool
  default     = false
  nullable    = false
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
