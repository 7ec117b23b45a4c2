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

variable "network" {
  description = "The network, as `modules/gcp/network` gives it."
  type = object({
    id             = string
    region         = string
    subnet_ids     = list(string)
    pods_range     = string
    services_range = string
  })
  nullable = false
}

variable "release_channel" {
  description = "How fast new versions come: `RAPID`, `REGULAR`, `STABLE` or `EXTENDED`."
  type        = string
  default     = "REGULAR"
  nullable    = false

  validation {
    condition     = contains(["RAPID", "REGULAR", "STABLE", "EXTENDED"], var.release_channel)
    error_message = "A channel is RAPID, REGULAR, STABLE or EXTENDED."
  }
}

variable "authorized_ranges" {
  description = "Private ranges outside of the network from which the API may be reached at its address, by what they are."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for range in values(var.authorized_ranges) : can(cidrhost(range, 0)) && !endswith(range, "/0")])
    error_message = "Ranges are private and written as in 10.20.0.0/16; everybody is not among them."
  }
}

variable "dns_endpoint" {
  description = "Whether the API is also reached by its DNS name, from outside of the network, by whoever IAM lets: what a vendor over `modules/gcp/private-api` needs."
  type        = bool
  default     = false
  nullable    = false
}

variable "system" {
  description = "The nodes that always run, for the cluster's own pods and the operator: `machine_type`, and `size` in each of the region's zones."
  type = object({
    machine_type = optional(string, "e2-standard-4")
    size         = optional(number, 1)
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
    Pools of nodes for tasks, by name; they grow and shrink with what waits.

    - `machine_type`
    - `max_size`, `min_size`: in all zones together; default 0, so that an idle pool costs nothing
    - `spot`, `disk_gib`, `labels`
    - `taints`: a taint is a `key`, a `value` and an `effect` (`NO_SCHEDULE`, `NO_EXECUTE`, `PREFER_NO_SCHEDULE`)
  EOT
  type = map(object({
    machine_type = string
    max_size     = number
    min_size     = optional(number, 0)
    spot         = optional(bool, false)
    disk_gib     = optional(number, 100)
    labels       = optional(map(string), {})
    taints       = optional(list(object({ key = string, value = string, effect = string })), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for pool in var.node_pools : pool.min_size >= 0 && pool.min_size <= pool.max_size])
    error_message = "A pool has at least min_size and at most max_size nodes: min_size may be 0 and not more than max_size."
  }

  validation {
    condition     = !contains(keys(var.node_pools), "system")
    error_message = "The pool system is there already: see the variable of that name."
  }
}

variable "kms_key" {
  description = "Id of the KMS key that encrypts Kubernetes' secrets, `projects/…/cryptoKeys/…`, in the cluster's region; without it one is made, whose name ends in letters of its own since Google Cloud takes none twice."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "Give the key by its id, projects/<project>/locations/<region>/keyRings/<ring>/cryptoKeys/<key>."
  }
}

variable "key_ring" {
  description = "The key ring, in the cluster's region, that the key is made in: its `id`, `projects/…/keyRings/…`; without it one is made. Not with `kms_key`."
  type        = object({ id = string })
  default     = null

  validation {
    condition     = var.key_ring == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+$", var.key_ring.id))
    error_message = "Give the ring by its id, projects/<project>/locations/<region>/keyRings/<ring>."
  }

  validation {
    condition     = var.key_ring == null || var.kms_key == null
    error_message = "Give key_ring for a new key, or kms_key for one that is there: not both."
  }
}

variable "deletion_protection" {
  description = "Whether destroying the cluster is refused until this is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
}

variable "labels" {
  description = "Labels for everything made here that takes them, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}
