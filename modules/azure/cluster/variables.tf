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

variable "network" {
  description = "The network, as `modules/azure/network` gives it; `limited` where nodes reach what is listed only."
  type = object({
    id            = string
    subnet_ids    = list(string)
    api_subnet_id = string
    nat           = bool
    limited       = optional(bool, false)
  })
  nullable = false
}

variable "kubernetes_version" {
  description = "Version of Kubernetes, as in `1.33`, of the control plane and then of all nodes; patches come by themselves."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "Give the minor version, as in 1.33: Azure chooses the patch."
  }
}

variable "admins" {
  description = "Object ids of the groups of Entra that administer the cluster."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.admins) > 0 && alltrue([for id in var.admins : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "Name at least one group by its object id: local accounts are off, so nobody else reaches the cluster."
  }
}

variable "ranges" {
  description = "Kubernetes' ranges, which only the cluster knows: `pods` and `services`."
  type = object({
    pods     = optional(string, "10.244.0.0/14")
    services = optional(string, "172.20.0.0/16")
  })
  default  = {}
  nullable = false
}

variable "system" {
  description = "The nodes that always run, for the cluster's own pods and the operator: `vm_size`, and how many."
  type = object({
    vm_size = optional(string, "Standard_D4s_v5")
    size    = optional(number, 2)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.system.size >= 1
    error_message = "Without a node the cluster's own pods cannot run, and no pool grows from nothing."
  }
}

variable "node_pools" {
  description = <<-EOT
    Pools of nodes for tasks, by name (up to 12 lower-case letters and digits); they grow and shrink with what waits.

    - `vm_size`
    - `max_size`, `min_size`: default 0, so that an idle pool costs nothing
    - `spot`: cheaper nodes that Azure may take away; its taint `kubernetes.azure.com/scalesetpriority=spot:NoSchedule` keeps tasks off that do not tolerate it
    - `disk_gib`, `labels`
    - `taints`: as in `nvidia.com/gpu=present:NoSchedule`
  EOT
  type = map(object({
    vm_size  = string
    max_size = number
    min_size = optional(number, 0)
    spot     = optional(bool, false)
    disk_gib = optional(number, 100)
    labels   = optional(map(string), {})
    taints   = optional(list(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name, pool in var.node_pools : can(regex("^[a-z][a-z0-9]{0,11}$", name)) && pool.min_size >= 0 && pool.min_size <= pool.max_size])
    error_message = "A pool has a name of up to 12 lower-case letters and digits, at least min_size and at most max_size nodes."
  }

  validation {
    condition     = !contains(keys(var.node_pools), "system")
    error_message = "The pool system is there already: see the variable of that name."
  }
}

variable "key_vault_key" {
  description = "The key that encrypts Kubernetes' secrets: its `id` with a version, and the `vault_id`. The control plane reaches its vault at the public address, so the vault must not be closed to it."
  type = object({
    id       = string
    vault_id = string
  })
  nullable = false

  validation {
    condition     = can(regex("^https://[^/]+/keys/[^/]+/[0-9a-f]+$", var.key_vault_key.id))
    error_message = "AKS takes a version of a key, https://<vault>.vault.azure.net/keys/<key>/<version>."
  }
}

variable "log_analytics_workspace_id" {
  description = "Workspace that keeps the control plane's logs, the audit log among them."
  type        = string
  nullable    = false
}
