variable "name" {
  description = "Name of the cluster; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of other names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "region" {
  description = "Region of the network."
  type        = string
  nullable    = false
}

variable "kubernetes_version" {
  description = "Version of Kubernetes, as in `1.33`; raising it upgrades the control plane, and node groups after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "Give the minor version, as in 1.33: AWS chooses the patch."
  }
}

variable "network" {
  description = "The network, as `modules/aws/network` gives it: nodes are in `subnet_ids`, the control plane's interfaces in `control_plane_subnet_ids`."
  type = object({
    id                       = string
    cidr                     = string
    subnet_ids               = list(string)
    control_plane_subnet_ids = list(string)

    endpoint_security_group_id = optional(string)
  })
  nullable = false
}

variable "egress" {
  description = <<-EOT
    Where nodes and pods may go outside of the cluster.

    - `mode`: `open`, where the network leads; or `limited`, to interface endpoints of the network, to `prefix_lists`, to the addresses that
      `data.dataplane_network_ranges` lists of the control plane and the tunnel's edge, and to `allowed`. Changing it replaces the nodes, a few at a time
    - `prefix_lists`: of gateway endpoints, as `modules/aws/endpoints` gives them
    - `allowed`: further ranges and ports by names of one's own, as those of a registry; 60 at most, each range with each port
  EOT
  type = object({
    mode         = optional(string, "open")
    prefix_lists = optional(map(string), {})
    allowed      = optional(map(object({ cidrs = list(string), ports = optional(list(number), [443]) })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["open", "limited"], var.egress.mode)
    error_message = "A mode is open or limited."
  }

  validation {
    condition     = var.egress.mode == "open" || var.network.endpoint_security_group_id != null
    error_message = "With mode = \"limited\" AWS' services are reached by interface endpoints: give their group as endpoint_security_group_id of network."
  }

  validation {
    condition     = alltrue(flatten([for name, to in var.egress.allowed : [can(regex("^[a-z][a-z0-9-]{0,15}$", name)), !contains(["control-plane", "tunnel"], name), [for range in to.cidrs : can(cidrnetmask(range)) && !endswith(range, "/0")]]]))
    error_message = "Names are up to 16 lower-case letters, digits and hyphens, and neither control-plane nor tunnel; ranges are written as in 192.0.2.0/24, and everything is no range."
  }

  validation {
    condition     = var.egress.mode == "limited" || (length(var.egress.allowed) == 0 && length(var.egress.prefix_lists) == 0)
    error_message = "With mode = \"open\" everything is allowed: set mode = \"limited\", or leave allowed and prefix_lists out."
  }
}

variable "admins" {
  description = "ARNs of the roles that administer the cluster; whoever makes it is not among them unless named."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.admins) > 0 && alltrue([for arn in var.admins : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/", arn))])
    error_message = "Name at least one role or user by its ARN: nobody else can reach the cluster, not even who made it."
  }
}

variable "authorized_ranges" {
  description = "Private ranges from which the API is reached beside its nodes, as those of runners, by what they are; also those inside of the network."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for range in values(var.authorized_ranges) : can(cidrhost(range, 0)) && !endswith(range, "/0")])
    error_message = "Ranges are private and written as in 10.20.0.0/16; everybody is not among them."
  }
}

variable "system" {
  description = <<-EOT
    The nodes that always run, for the cluster's own pods and the operator.

    - `instance_types`, `size`: how many of which
  EOT
  type = object({
    instance_types = optional(list(string), ["m7i.large"])
    size           = optional(number, 2)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.system.size >= 1
    error_message = "Without a node the cluster's own pods cannot run, and no pool grows from nothing."
  }
}

variable "node_groups" {
  description = <<-EOT
    Pools of nodes for tasks, by name. Their size is an autoscaler's to say and is left alone here.

    - `instance_types`
    - `max_size`, `min_size`: default 0, so that an idle pool costs nothing
    - `capacity_type`: `ON_DEMAND` or `SPOT`
    - `disk_gib`: size of the nodes' encrypted disk
    - `ami_type`: default Amazon Linux 2023 on x86-64; pools with GPUs want `AL2023_x86_64_NVIDIA`, which has their driver
    - `labels`, `taints`: a taint is a `key`, a `value` and an `effect` (`NO_SCHEDULE`, `NO_EXECUTE`, `PREFER_NO_SCHEDULE`)
  EOT
  type = map(object({
    instance_types = list(string)
    max_size       = number
    min_size       = optional(number, 0)
    capacity_type  = optional(string, "ON_DEMAND")
    disk_gib       = optional(number, 100)
    ami_type       = optional(string, "AL2023_x86_64_STANDARD")
    labels         = optional(map(string), {})
    taints         = optional(list(object({ key = string, value = optional(string), effect = string })), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for group in var.node_groups : group.min_size <= group.max_size && group.min_size >= 0 && group.max_size >= 1])
    error_message = "A pool has at least min_size and at most max_size nodes: min_size may be 0 and not more than max_size, which is 1 at least."
  }

  validation {
    condition     = !contains(keys(var.node_groups), "system")
    error_message = "The pool system is there already: see the variable of that name."
  }
}

variable "kms_key" {
  description = "ARN of the KMS key that encrypts Kubernetes' secrets; without it one is made. The nodes' disks have the account's key for EBS, which is yours to set."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key))
    error_message = "Give the key by its ARN, arn:aws:kms:<region>:<account>:key/<id>; an alias can be pointed elsewhere and is refused."
  }
}

variable "log_retention_days" {
  description = "After how many days the control plane's logs are deleted, the audit log among them."
  type        = number
  default     = 90
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of the policy that limits the roles made here."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}
