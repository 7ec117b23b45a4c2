variable "tenant" {
  description = "Who this project belongs to, as the vendor calls it; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,16}[a-z0-9]$", var.tenant)) && !startswith(var.tenant, "gcp-")
    error_message = "The tenant becomes part of service accounts' names: 3 to 18 lower-case letters, digits and hyphens, a letter first, no hyphen last, not gcp- first, for example acme-prod."
  }
}

variable "project" {
  description = "Project of the data plane, by its id. It holds nothing else."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "The project is named by its id, as in acme-prod, and not by its number."
  }
}

variable "identities_project" {
  description = "Project of the accounts that the vendor becomes, and of the pools that it becomes them by: another than the data plane's, and one that the vendor has nothing in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.identities_project))
    error_message = "The project is named by its id, as in acme-access, and not by its number: its accounts' addresses have the id."
  }

  validation {
    condition     = var.identities_project != var.project
    error_message = "Who may set policies of service accounts in the data plane's project could give itself those of its own, for good: name another project for them."
  }
}

variable "issuer" {
  description = "Issuer of the vendor's tokens, `https://…`, whose keys Google fetches. Tokens are made out for this customer's pool, so that none for another customer is taken. Not needed where `subjects` names nobody."
  type        = string
  default     = null

  validation {
    condition     = var.issuer == null ? length(flatten([for subjects in values(var.subjects) : tolist(subjects)])) == 0 : can(regex("^https://[^/?#]+(/[^?#]*)?$", var.issuer))
    error_message = "The issuer is a URL, https:// and a host, with a path perhaps."
  }
}

variable "subjects" {
  description = "Whose tokens may take each of the four: subjects (`sub`) of the issuer's tokens. An access that nobody may take is not made."
  type = object({
    provision   = optional(set(string), [])
    maintain    = optional(set(string), [])
    deprovision = optional(set(string), [])
    break_glass = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for subject in flatten([for subjects in values(var.subjects) : tolist(subjects)]) : can(regex("^[^*\"'\\\\]{1,127}$", subject))])
    error_message = "A subject is told in full, without wildcards, quotes and backslashes: 1 to 127 characters."
  }

  validation {
    condition     = length(flatten([for taken in concat(values(var.subjects), values(var.principals)) : tolist(taken)])) > 0
    error_message = "Name at least one subject or principal; without any there is nothing to make."
  }
}

variable "principals" {
  description = <<-EOT
    Who becomes an account with credentials of its own, in place of a token of the issuer's: addresses of the vendor's service accounts, or
    one subject of a pool each, `principal://…`. Nothing is made out for this customer then: let the vendor name ones that work for this customer alone.
    `break_glass` is not among them, since the incident is in a token.
  EOT
  type = object({
    provision   = optional(set(string), [])
    maintain    = optional(set(string), [])
    deprovision = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for principal in flatten([for principals in values(var.principals) : tolist(principals)]) :
      can(regex("^[a-z0-9-]+@[a-z0-9.-]+\\.gserviceaccount\\.com$", principal)) || can(regex("^principal://iam\\.googleapis\\.com/projects/[0-9]+/locations/global/workloadIdentityPools/[^/*]+/subject/[^*]+$", principal))
    ])
    error_message = "Name service accounts by their addresses, or one subject of a pool each: a group, a domain or all of a pool is more than a pipeline."
  }
}

variable "data_plane" {
  description = <<-EOT
    What the accounts are about, as `data.dataplane_permissions` takes it:

    - `resources`: kinds of resources that are managed
    - `buckets`, `secrets`, `logs`, `registry`: the data plane's objects
    - `names`: what narrows further, by kind

    Buckets, log buckets, registries and secrets have to be named one way or the other, since what is not is all of the project.
  EOT
  type = object({
    resources = optional(set(string), ["bucket", "cluster", "log_group", "registry", "role", "secret"])
    buckets   = set(string)
    secrets   = string
    logs      = optional(set(string), [])
    registry  = optional(string)
    names     = optional(map(set(string)), {})
  })
  nullable = false

  validation {
    condition = length(setsubtract(
      setintersection(var.data_plane.resources, ["bucket", "log_group", "registry", "secret"]),
      concat(
        [for kind, names in var.data_plane.names : kind if length(names) > 0],
        length(var.data_plane.buckets) > 0 ? ["bucket"] : [],
        try(length(var.data_plane.secrets) > 0, false) ? ["secret"] : [],
        length(var.data_plane.logs) > 0 ? ["log_group"] : [],
        var.data_plane.registry == null ? [] : ["registry"],
      ),
    )) == 0
    error_message = "A kind of resources that nothing is named of is all of the project: name buckets, secrets, logs and registry, or take the kind out of resources."
  }

  validation {
    condition     = alltrue([for name in flatten([for names in values(var.data_plane.names) : tolist(names)]) : !can(regex("^[/*]*$", name))])
    error_message = "A name that is nothing but * is all of the project: begin it with what the data plane's are called, as in acme-prod-*."
  }
}

variable "break_glass" {
  description = <<-EOT
    While glass may be broken: from `not_before` to `not_after` (RFC 3339, at most 12 hours), by tokens that bear `incident` as the claim
    `incident`. Without it the pool is switched off and nothing is granted.
  EOT
  type = object({
    not_before = string
    not_after  = string
    incident   = optional(string)
  })
  default = null

  validation {
    condition     = var.break_glass == null || can(regex("^[A-Za-z0-9_.:/=+@-]{1,128}$", var.break_glass.incident))
    error_message = "incident is required: the number of the incident that glass is broken for, which every token has to bear. 1 to 128 letters, digits and _.:/=+@-."
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
