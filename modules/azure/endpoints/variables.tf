variable "name" {
  description = "Name of the data plane; the endpoints are named after it and what they lead to, as in `<name>-images-registry`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of other names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "resource_group" {
  description = "Resource group that the zones are made in; it is there already."
  type        = string
  nullable    = false
}

variable "network" {
  description = "The network, as `modules/azure/network` gives it: the endpoints lie in `endpoint_subnet_id`."
  type = object({
    id                 = string
    endpoint_subnet_id = string
  })
  nullable = false
}

variable "storage_accounts" {
  description = <<-EOT
    Storage accounts, by names of one's own.

    - `id`
    - `parts`: what of it is reached: `blob`, `dfs`; the latter is what accounts with a hierarchical namespace are also read by
  EOT
  type = map(object({
    id    = string
    parts = optional(set(string), ["blob"])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for account in var.storage_accounts : length(account.parts) > 0 && length(setsubtract(account.parts, ["blob", "dfs", "file", "queue", "table", "web"])) == 0])
    error_message = "Parts of a storage account are blob, dfs, file, queue, table and web."
  }
}

variable "registries" {
  description = "Ids of registries, by names of one's own. They are of the tier Premium; others have no endpoints."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "vaults" {
  description = "Ids of key vaults, by names of one's own."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "monitor" {
  description = <<-EOT
    Log Analytics workspaces, reached over one endpoint for all of them; `null` for none.

    - `workspaces`: their ids, by names of one's own
    - `private_only`: whether networks whose names lead here reach no other workspaces of Azure Monitor
  EOT
  type = object({
    workspaces   = map(string)
    private_only = optional(bool, true)
  })
  default = null

  validation {
    condition     = try(length(var.monitor.workspaces) > 0, var.monitor == null)
    error_message = "Name at least one workspace, or leave monitor out."
  }
}

variable "zones" {
  description = "Private DNS zones that are there already and linked to the network, as those of a hub: their ids, by name. Others are made here."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, id in var.zones : startswith(name, "privatelink.")])
    error_message = "Names of zones are as in privatelink.blob.core.windows.net."
  }
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}
