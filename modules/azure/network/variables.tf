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
  description = "Whether the nodes reach the internet, by a gateway with one address, for the control plane and the tunnel's edge."
  type        = bool
  default     = false
  nullable    = false
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
