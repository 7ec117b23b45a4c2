variable "egress" {
  description = <<-EOT
    Where pods may connect to, for network policies, which know no host names. What is left out may be any address on the
    usual port.

    - `kubernetes_api`: the API server
    - `control_plane`: the control plane; where it is the vendor's, `cloudflare` of `data.dataplane_network_ranges` has its ranges and
      port, of which `ipv4` and `ipv6` together are the `cidrs`
    - `dns`: the servers that answer for names, for the operator and its workspaces: pods by `namespace` and `pod_labels`,
      or addresses by `cidrs`. Default `kube-dns` in `kube-system`, the node-local cache, Cloud DNS of GKE and LocalDNS of
      AKS. On EKS Auto Mode give the address of the Service `kube-dns`, on OpenShift the namespace `openshift-dns` with
      port 5353
    - `object_store`: the buckets, for the executor
  EOT
  type = object({
    kubernetes_api = optional(object({ cidrs = list(string), ports = optional(list(number)) }))
    control_plane  = optional(object({ cidrs = list(string), ports = optional(list(number)) }))
    object_store   = optional(object({ cidrs = list(string), ports = optional(list(number)) }))
    dns = optional(list(object({
      namespace  = optional(string)
      pod_labels = optional(map(string))
      cidrs      = optional(list(string))
      ports      = optional(list(number))
    })), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for server in var.egress.dns : (server.namespace == null) != (length(coalesce(server.cidrs, [])) == 0)])
    error_message = "A server that answers for names is either pods, by namespace and pod_labels, or addresses, by cidrs."
  }

  validation {
    condition = alltrue([
      for destination in [var.egress.kubernetes_api, var.egress.control_plane, var.egress.object_store] :
      destination == null || try(alltrue([for cidr in destination.cidrs : can(cidrhost(cidr, 0))]), false)
    ])
    error_message = "Addresses are ranges in CIDR notation, as in 203.0.113.0/24."
  }
}

variable "components" {
  description = <<-EOT
    The components, with their replicas, resources and settings.

    - `operator`: the channel to the control plane; it always runs
    - `executor`: runs tasks, `{}` for its defaults; default it does not run. With `permissions = "low"` name the namespaces
      of its workspaces. `tasks` is what task pods get besides what their template says
  EOT
  type = object({
    operator = optional(object({
      replicas = optional(number)
      resources = optional(object({
        requests = optional(object({ cpu = optional(string), memory = optional(string) }))
        limits   = optional(object({ cpu = optional(string), memory = optional(string) }))
      }))
    }))
    executor = optional(object({
      replicas = optional(number)
      resources = optional(object({
        requests = optional(object({ cpu = optional(string), memory = optional(string) }))
        limits   = optional(object({ cpu = optional(string), memory = optional(string) }))
      }))
      namespaces               = optional(list(string))
      concurrency              = optional(number)
      max_system_failures      = optional(number)
      retention_seconds        = optional(number)
      image_pull_grace_seconds = optional(number)
      undelivered_limit        = optional(number)
      untold_abort_seconds     = optional(number)
      cache                    = optional(bool)
      code_bundles             = optional(string)
      pod_privileges           = optional(list(string))
      tasks = optional(object({
        service_account = optional(string)
        requests        = optional(object({ cpu = optional(string), memory = optional(string) }))
        limits          = optional(object({ cpu = optional(string), memory = optional(string) }))
        environment     = optional(map(string))
        labels          = optional(map(string))
        annotations     = optional(map(string))
        node_selector   = optional(map(string))
        tolerations     = optional(list(object({ key = string, value = optional(string), effect = optional(string) })))

        interruptible_node_selector = optional(map(string))
        interruptible_tolerations   = optional(list(object({ key = string, value = optional(string), effect = optional(string) })))
      }))
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["direct", "signed"], coalesce(try(var.components.executor.code_bundles, null), "direct"))
    error_message = "Code bundles are direct or signed."
  }

  validation {
    condition     = var.permissions == "standard" || var.components.executor == null || length(coalesce(try(var.components.executor.namespaces, null), [])) > 0
    error_message = "With permissions = \"low\" name the namespaces whose tasks the executor runs."
  }
}

variable "quota" {
  description = "Quota of the operator's namespace, by resource; `{}` for none, default what the components need."
  type        = map(string)
  default     = null
}

variable "limits" {
  description = "What a container of the operator's namespace gets when it says nothing."
  type = object({
    requests = optional(object({ cpu = optional(string), memory = optional(string) }))
    limits   = optional(object({ cpu = optional(string), memory = optional(string) }))
  })
  default = null
}

variable "labels" {
  description = "Labels for every object, beside the marks."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "scheduling" {
  description = <<-EOT
    Where the components' pods run.

    - `node_selector`: labels that a node must have
    - `tolerations`: taints that the pods tolerate; `effect` is `NoSchedule`, `PreferNoSchedule` or `NoExecute`, default all
  EOT
  type = object({
    node_selector = optional(map(string), {})
    tolerations = optional(list(object({
      key    = string
      value  = optional(string)
      effect = optional(string)
    })), [])
  })
  default  = {}
  nullable = false
}

variable "monitoring_namespace" {
  description = "Namespace whose pods may read the metrics; default none may."
  type        = string
  default     = null
}

variable "permissions" {
  description = "How much of the cluster the operator may see: `standard`, or `low` for rights in single namespaces only."
  type        = string
  default     = "standard"
  nullable    = false

  validation {
    condition     = contains(["standard", "low"], var.permissions)
    error_message = "Permissions are standard or low."
  }
}

variable "patches" {
  description = "JSON merge patches of rendered objects, for what no option covers. `merge` is JSON."
  type = list(object({
    target = object({ kind = string, name = string })
    merge  = string
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for patch in var.patches : can(jsondecode(patch.merge))])
    error_message = "Write merge with jsonencode({ … })."
  }
}

variable "force_destroy" {
  description = "Whether the operator may be destroyed while tasks have not finished. Has to be applied before the destroy."
  type        = bool
  default     = false
  nullable    = false
}

variable "workspaces" {
  description = <<-EOT
    Workspaces by a name of your own that never changes. Each is the namespace `<project>-<domain>`, whose pods have the
    user role.

    - `quota`: what the whole namespace may use, by resource
    - `limits`: what a container gets when it says nothing
    - `egress`: what task pods may connect to; default any address but instance metadata
    - `pod_security`: pods beyond this level are refused: `privileged`, `baseline` (the default) or `restricted`
    - `labels`: for every object
    - `force_destroy`: whether it may be destroyed while tasks have not finished
  EOT
  type = map(object({
    project = string
    domain  = string
    quota   = optional(map(string))
    limits = optional(object({
      requests = optional(object({ cpu = optional(string), memory = optional(string) }))
      limits   = optional(object({ cpu = optional(string), memory = optional(string) }))
    }))
    egress        = optional(list(object({ cidrs = list(string), ports = optional(list(number)) })))
    pod_security  = optional(string)
    labels        = optional(map(string))
    force_destroy = optional(bool)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(distinct([for workspace in var.workspaces : "${workspace.project}-${workspace.domain}"])) == length(var.workspaces)
    error_message = "Two workspaces would be the same namespace: <project>-<domain> must differ."
  }
}
