variable "name" {
  description = "Name of the data plane; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of other names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "cidr" {
  description = "Range of the VPC, a /16 of private addresses: a quarter of it is each zone's private subnet, the last one is for the control plane and NAT gateways."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr)) && endswith(var.cidr, "/16")
    error_message = "Give a /16, as in 10.0.0.0/16: every pod has an address of the VPC, and smaller ranges run out of them."
  }
}

variable "zones" {
  description = "The two or three availability zones of the subnets, as in `[\"eu-west-1a\", \"eu-west-1b\", \"eu-west-1c\"]`; their order says which range each gets."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = var.existing != null || (length(var.zones) >= 2 && length(var.zones) <= 3 && length(distinct(var.zones)) == length(var.zones))
    error_message = "Name two or three different zones: EKS wants two, and a quarter of the range is one zone's."
  }
}

variable "nat" {
  description = <<-EOT
    A way to the internet from the private subnets, for the control plane and the tunnel's edge; `null` for none, where
    everything is reached over endpoints.

    - `per_zone`: whether each zone has a gateway of its own; else the first zone has one for all
  EOT
  type = object({
    per_zone = optional(bool, true)
  })
  default = null
}

variable "flow_logs" {
  description = <<-EOT
    The log of who talks to whom, in CloudWatch; `null` for none. An existing VPC keeps the flow logs that it has.

    - `retention_days`: after which entries are deleted
    - `kms_key`: ARN of the key that encrypts them
  EOT
  type = object({
    retention_days = optional(number, 90)
    kms_key        = optional(string)
  })
  default = {}
}

variable "existing" {
  description = <<-EOT
    A VPC that is there already; then none is made, and it is checked instead. The ids have to be known when planning.

    - `vpc_id`
    - `subnet_ids`: private subnets in at least two zones
    - `route_table_ids`: of these subnets, for gateway endpoints
  EOT
  type = object({
    vpc_id          = string
    subnet_ids      = set(string)
    route_table_ids = set(string)
  })
  default = null

  validation {
    condition     = var.existing == null || try(can(regex("^vpc-[0-9a-f]+$", var.existing.vpc_id)) && alltrue([for id in var.existing.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))]) && alltrue([for id in var.existing.route_table_ids : can(regex("^rtb-[0-9a-f]+$", id))]), false)
    error_message = "Give the ids of a VPC (vpc-…), of its subnets (subnet-…) and of their route tables (rtb-…)."
  }
}

variable "other_ranges" {
  description = "Ranges that the network must not share addresses with, by what they are: what it is peered with, and Kubernetes' services."
  type        = map(string)
  default     = { "Kubernetes' services" = "172.20.0.0/16" }
  nullable    = false
}
