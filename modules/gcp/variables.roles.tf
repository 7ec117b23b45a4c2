variable "trust" {
  description = <<-EOT
    How pods become a role; exactly one of:

    - `gke`: Workload Identity of GKE. Give the `project` of the cluster, whose pool is `<project>.svc.id.goog`, or the `pool` itself
    - `oidc`: a cluster elsewhere, by its OIDC issuer. Give `issuer`, and the workload identity pool with its provider is made, for
      tokens with one of `audiences` (default the provider's own name); or `provider`, the full name of one that exists, with its
      `audiences`. Pods' tokens are for the first of them, and `modules/operator` tells the pods how to exchange them

    With `direct`, the roles' rights go to the cluster's service accounts themselves, and pods act in their own name. URLs are
    still signed by the role's.
  EOT
  type = object({
    gke = optional(object({
      project = optional(string)
      pool    = optional(string)
      direct  = optional(bool, false)
    }))
    oidc = optional(object({
      issuer    = optional(string)
      audiences = optional(set(string))
      provider  = optional(string)
      direct    = optional(bool, false)
    }))
  })
  nullable = false

  validation {
    condition     = (var.trust.gke == null) != (var.trust.oidc == null)
    error_message = "Give exactly one of gke and oidc: a role is trusted in one way."
  }

  validation {
    condition     = var.trust.gke == null || try((var.trust.gke.project == null) != (var.trust.gke.pool == null), true)
    error_message = "Give gke either the project of the cluster, whose pool is <project>.svc.id.goog, or the pool itself."
  }

  validation {
    condition     = var.trust.oidc == null || try((var.trust.oidc.issuer == null) != (var.trust.oidc.provider == null), true)
    error_message = "Give oidc either an issuer, for which a pool and its provider are made, or the provider that exists."
  }

  validation {
    condition     = try(var.trust.oidc.provider, null) == null || can(regex("^projects/[0-9]+/locations/global/workloadIdentityPools/[^/]+/providers/[^/]+$", var.trust.oidc.provider))
    error_message = "Give the provider by its full name, projects/<number>/locations/global/workloadIdentityPools/<pool>/providers/<provider>."
  }
}

variable "namespace" {
  description = "Namespace of the operator, whose service accounts the platform's roles trust."
  type        = string
  default     = "union"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "A namespace has 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends."
  }
}

variable "workspaces" {
  description = "Projects and domains whose task pods have the user role. Each is the namespace `<project>-<domain>` with its service account `default`."
  type = set(object({
    project = string
    domain  = string
  }))
  nullable = false

  validation {
    condition     = length(var.workspaces) > 0
    error_message = "Name at least one workspace: a role that nobody may assume is refused."
  }
}

variable "roles" {
  description = <<-EOT
    The roles, one per profile; each is a service account.

    - `existing`: a role that is there already, by the e-mail address in `principal`; then nothing is made, and its permissions are yours to keep
    - `name`: default `adminflyterole`, `userflyterole`, `<name>-builder` and `<name>-log-writer`
    - `prefixes` (`admin`, `user`): the only prefixes of the metadata bucket that the role reaches, each ending in `/`; default all

    `builder` is made where there is a registry, `log_writer` where there is a log group.
  EOT
  type = object({
    admin = optional(object({
      existing = optional(object({ principal = string }))
      name     = optional(string, "adminflyterole")
      prefixes = optional(set(string))
    }), {})
    user = optional(object({
      existing = optional(object({ principal = string }))
      name     = optional(string, "userflyterole")
      prefixes = optional(set(string))
    }), {})
    builder = optional(object({
      existing = optional(object({ principal = string }))
      name     = optional(string)
    }), {})
    log_writer = optional(object({
      existing = optional(object({ principal = string }))
      name     = optional(string)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for role in [var.roles.admin, var.roles.user] :
      alltrue([for prefix in(role.prefixes == null ? toset([]) : role.prefixes) : endswith(prefix, "/")])
    ])
    error_message = "A prefix ends in a slash, as in acme/fraud/: without it, acme/fraud would also mean acme/fraud-tests."
  }

  validation {
    condition = alltrue([
      for name in compact([
        var.roles.admin.existing == null ? var.roles.admin.name : "",
        var.roles.user.existing == null ? var.roles.user.name : "",
        var.roles.builder.existing == null && var.registry != null ? coalesce(var.roles.builder.name, "${var.name}-builder") : "",
        var.roles.log_writer.existing == null && var.logs != null ? coalesce(var.roles.log_writer.name, "${var.name}-log-writer") : "",
      ]) : can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", name))
    ])
    error_message = "A service account's name has 6 to 30 lower-case letters, digits and hyphens, a letter first, no hyphen last. Where <name>-builder or <name>-log-writer is longer, give roles.builder.name and roles.log_writer.name."
  }

  validation {
    condition = alltrue([
      for role in [var.roles.admin, var.roles.user, var.roles.builder, var.roles.log_writer] :
      role.existing == null || try(can(regex("^[^@]+@[^@]+[.]gserviceaccount[.]com$", role.existing.principal)), true)
    ])
    error_message = "A role that exists is given by its e-mail address, <name>@<project>.iam.gserviceaccount.com."
  }
}
