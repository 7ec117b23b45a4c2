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
  description = "Resource group that everything is made in; it is there already."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Region, as in `westeurope`."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags for everything made here."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "cidr" {
  description = "Range of the virtual network, a /16 of private addresses. Pods have another, which only the cluster knows."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr)) && endswith(var.cidr, "/16")
    error_message = "Give a /16, as in 10.0.0.0/16: the subnets are cut from it."
  }
}

variable "other_ranges" {
  description = "Ranges that the network must not share addresses with, by what they are: what it is peered with, and Kubernetes' pods and services."
  type        = map(string)
  default     = { "Kubernetes' pods" = "10.244.0.0/14", "Kubernetes' services" = "172.20.0.0/16" }
  nullable    = false
}

variable "nat" {
  description = "Whether the nodes reach the internet, by a gateway with one address, as far as `egress` lets them."
  type        = bool
  default     = false
  nullable    = false
}

variable "egress" {
  description = <<-EOT
    Where nodes may connect to.

    - `mode`: `open`, wherever there is a way to; or `limited`, to the network, to those of Azure's services that AKS and the data plane use, to the addresses
      that `data.dataplane_network_ranges` lists of the control plane and the tunnel's edge, and to `allowed`
    - `allowed`: further ranges and ports by names of one's own, as those of a registry
    - `services`: which of `registry`, `storage` and `vault` are reached at their public addresses, which are everybody's in the region: by default all;
      leave out what endpoints lead to
    - `pods`: range of the cluster's pods, whose traffic between nodes security groups see
  EOT
  type = object({
    mode     = optional(string, "open")
    allowed  = optional(map(object({ cidrs = list(string), ports = optional(list(number), [443]) })), {})
    services = optional(set(string), ["registry", "storage", "vault"])
    pods     = optional(string, "10.244.0.0/14")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["open", "limited"], var.egress.mode)
    error_message = "A mode is open or limited."
  }

  validation {
    condition     = length(setsubtract(var.egress.services, ["registry", "storage", "vault"])) == 0
    error_message = "Services are registry, storage and vault; the others that AKS uses are reached anyway."
  }

  validation {
    condition     = alltrue(flatten([for name, to in var.egress.allowed : [can(regex("^[a-z][a-z0-9-]{0,30}$", name)), !contains(["control-plane", "the-network", "tunnel"], name), [for range in to.cidrs : can(cidrnetmask(range)) && !endswith(range, "/0")]]]))
    error_message = "Names are up to 31 lower-case letters, digits and hyphens, and neither control-plane, the-network nor tunnel; ranges are written as in 192.0.2.0/24, and everything is no range."
  }

  validation {
    condition     = var.egress.mode == "limited" || (length(var.egress.allowed) == 0 && length(var.egress.services) == 3)
    error_message = "With mode = \"open\" everything is allowed: set mode = \"limited\", or leave allowed and services out."
  }
}

variable "existing" {
  description = <<-EOT
    A virtual network that is there already; then none is made, no rule in it, and it is checked instead.

    - `virtual_network`, and its `resource_group` where it is another one
    - `subnets`: names of those for `nodes`, for `endpoints`, for the API server of AKS (`api`, delegated to `Microsoft.ContainerService/managedClusters`),
      and for services `published` here, where there are any
    - `nat`: whether the nodes' subnet has a NAT gateway
    - `dns_forwards`: that name servers of one's own forward to Azure's, which alone know private zones
  EOT
  type = object({
    virtual_network = string
    resource_group  = optional(string)
    subnets         = object({ nodes = string, endpoints = string, api = string, published = optional(string) })
    nat             = optional(bool, false)
    dns_forwards    = optional(bool, false)
  })
  default = null

  validation {
    condition     = try(length(distinct(compact(values(var.existing.subnets)))) == length(compact(values(var.existing.subnets))), var.existing == null)
    error_message = "Each use has a subnet of its own: AKS takes a whole one for the API server, and security groups are told apart by subnets."
  }

  validation {
    condition     = var.existing == null || (!var.nat && var.egress.mode == "open" && var.flow_logs == null)
    error_message = "A network that is there keeps its own ways out, rules and logs: leave nat, egress and flow_logs out, and say existing.nat where it has a gateway."
  }
}

variable "flow_logs" {
  description = <<-EOT
    The log of who talks to whom, kept in a storage account; `null` for none.

    - `storage_account_id`: where it is kept
    - `retention_days`: after which entries are deleted
    - `network_watcher`, `network_watcher_resource_group`: Azure's, one in each region; default `NetworkWatcher_<location>` in `NetworkWatcherRG`
  EOT
  type = object({
    storage_account_id             = string
    retention_days                 = optional(number, 90)
    network_watcher                = optional(string)
    network_watcher_resource_group = optional(string, "NetworkWatcherRG")
  })
  default = null
}
