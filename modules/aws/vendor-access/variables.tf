variable "tenant" {
  description = "Who this account belongs to, as the vendor calls it; every session bears it as the tag `dataplane:tenant`, and roles are named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.tenant))
    error_message = "The tenant becomes part of roles' names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "external_id" {
  description = "What the vendor gave this customer and no other: its sessions tell it. It is no secret."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@:/-]{8,24}$", var.external_id))
    error_message = "external_id is required: without it another customer of the vendor could name your role (confused deputy). 8 to 24 characters."
  }
}

variable "principals" {
  description = "ARNs of the vendor's roles that may take each of the four. A role that nobody may take is not made."
  type = object({
    provision   = optional(set(string), [])
    maintain    = optional(set(string), [])
    deprovision = optional(set(string), [])
    break_glass = optional(set(string), [])
  })
  nullable = false

  validation {
    condition = alltrue([
      for principal in flatten([for principals in values(var.principals) : tolist(principals)]) :
      can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[^*?]+$", principal))
    ])
    error_message = "Name roles, arn:aws:iam::<the vendor's account>:role/<name>: everybody in the vendor's account is more than a pipeline, and a wildcard more than that."
  }

  validation {
    condition     = length(flatten([for principals in values(var.principals) : tolist(principals)])) > 0
    error_message = "Name at least one of the vendor's roles; without any there is nothing to make."
  }
}

variable "data_plane" {
  description = <<-EOT
    What the roles are about, as `data.dataplane_permissions` takes it:

    - `resources`: kinds of resources that are managed
    - `buckets`, `secrets`, `logs`, `registry`, `kms_keys`: the data plane's objects. Keys are none unless named
    - `names`: of the other kinds, and what narrows further; of an `identity_provider` the issuer. A `role` goes by its name, or by a path that
      all are below, `/acme/*`; no other role has these names or lies there, since `provision` could take it over by its trust
    - `owners`: of private services and endpoints, whose marks they have to bear; default: the owner of the customer's provider block

    Each kind of `resources` has to be named one way or the other, since one that is not is all of the account.
  EOT
  type = object({
    resources = optional(set(string), ["bucket", "cluster", "identity_provider", "log_group", "registry", "role", "secret"])
    buckets   = set(string)
    secrets   = string
    logs      = optional(set(string), [])
    registry  = optional(string)
    kms_keys  = optional(set(string), [])
    names     = map(set(string))
    owners    = optional(set(string))
  })
  nullable = false

  validation {
    # What is made for a private connection goes by its mark and by no name.
    condition = length(setsubtract(
      setsubtract(var.data_plane.resources, ["private_service", "private_endpoint"]),
      concat(
        [for kind, names in var.data_plane.names : kind if length(names) > 0],
        length(var.data_plane.buckets) > 0 ? ["bucket"] : [],
        try(length(var.data_plane.secrets) > 0, false) ? ["secret"] : [],
        length(var.data_plane.logs) > 0 ? ["log_group"] : [],
        var.data_plane.registry == null ? [] : ["registry"],
      ),
    )) == 0
    error_message = "A kind of resources that nothing is named of is all of the account, what others made included: name buckets, secrets, logs and registry, and in names the cluster and the issuer of the identity_provider; or take the kind out of resources."
  }

  validation {
    condition     = alltrue([for name in flatten([for names in values(var.data_plane.names) : tolist(names)]) : !can(regex("^[/*]*$", name))])
    error_message = "A name that is nothing but * is all of the account: begin it with what the data plane's are called, as in acme-prod-*."
  }

  validation {
    condition     = length(try(var.data_plane.names["role"], [])) > 0
    error_message = "names has no role: without, the vendor could write the policies and the trust of every role of the account."
  }

  validation {
    condition = alltrue([
      for name in try(var.data_plane.names["role"], []) : !strcontains(name, "*") || can(regex("^/([^/*]+/)+\\*$", name))
    ])
    error_message = "A beginning of roles' names covers what others call theirs: name roles one by one, or put them below a path of their own, as in /acme/*."
  }

  validation {
    condition = alltrue([
      for name in try(var.data_plane.names["role"], []) :
      !startswith("${trimprefix(name, "/")}/", trimprefix(var.path, "/")) && !(endswith(name, "*") && startswith(var.path, trimsuffix(name, "*")))
    ])
    error_message = "The vendor's own roles lie below ${var.path}: no name of data_plane.names.role may reach there, or the vendor would write its own rights."
  }
}

variable "break_glass" {
  description = <<-EOT
    While glass may be broken: from `not_before` to `not_after` (RFC 3339, at most 12 hours), for sessions that bear `incident` as the tag
    `dataplane:incident`. Without it the role denies everything, and so do its sessions that still run.
  EOT
  type = object({
    not_before = string
    not_after  = string
    incident   = optional(string)
  })
  default = null

  validation {
    condition     = var.break_glass == null || can(regex("^[A-Za-z0-9_.:/=+@-]{1,128}$", var.break_glass.incident))
    error_message = "incident is required: the number of the incident that glass is broken for, which every session has to bear. 1 to 128 letters, digits and _.:/=+@-."
  }

  validation {
    condition     = var.break_glass == null || can(timecmp(var.break_glass.not_before, var.break_glass.not_after))
    error_message = "not_before and not_after are times such as 2026-03-01T08:00:00Z."
  }

  validation {
    condition     = var.break_glass == null || try(timecmp(var.break_glass.not_before, var.break_glass.not_after) < 0, true)
    error_message = "A break-glass window ends after it begins."
  }

  validation {
    condition     = var.break_glass == null || try(timecmp(var.break_glass.not_after, timeadd(var.break_glass.not_before, "12h")) <= 0, true)
    error_message = "A break-glass window is at most 12 hours: one from ${try(var.break_glass.not_before, "")} ends at ${try(timeadd(var.break_glass.not_before, "12h"), "")} or before."
  }
}

variable "cluster" {
  description = <<-EOT
    The EKS cluster that the vendor gets into: its `name`, and by role the policy of EKS that holds for it there. Provisioning makes definitions
    and cluster roles, which takes an administrator. `break_glass` gets in while its window is set.
  EOT
  type = object({
    name = string
    policies = optional(map(string), {
      provision   = "AmazonEKSClusterAdminPolicy"
      maintain    = "AmazonEKSClusterAdminPolicy"
      deprovision = "AmazonEKSClusterAdminPolicy"
      break_glass = "AmazonEKSViewPolicy"
    })
  })
  default = null

  validation {
    condition     = var.cluster == null || length(setsubtract(keys(try(var.cluster.policies, {})), ["provision", "maintain", "deprovision", "break_glass"])) == 0
    error_message = "policies go by role: provision, maintain, deprovision, break_glass."
  }
}

variable "path" {
  description = "Path of the vendor's roles and of their boundary, which nothing else lies below."
  type        = string
  default     = "/dataplane-vendor/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9_.-]+/)+$", var.path))
    error_message = "A path begins and ends with / and is not / alone: the vendor's roles are told apart by it."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that limits the vendor's own roles, beside what they are given."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}
