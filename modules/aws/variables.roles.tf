variable "trust" {
  description = <<-EOT
    How pods become a role; exactly one of:

    - `irsa`: the cluster's OIDC issuer. Give `issuer`, and the IAM OIDC provider is made; or `provider_arn` of one that exists
    - `pod_identity`: the name of the EKS cluster whose Pod Identity agent hands out credentials
  EOT
  type = object({
    irsa = optional(object({
      issuer       = optional(string)
      provider_arn = optional(string)
    }))
    pod_identity = optional(object({ cluster = string }))
  })
  nullable = false

  validation {
    condition     = (var.trust.irsa == null) != (var.trust.pod_identity == null)
    error_message = "Give exactly one of irsa and pod_identity: a role is trusted in one way."
  }

  validation {
    condition     = var.trust.irsa == null || try((var.trust.irsa.issuer == null) != (var.trust.irsa.provider_arn == null), true)
    error_message = "Give irsa either an issuer, for which a provider is made, or the provider_arn of one that exists."
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
    The roles, one per profile.

    - `existing`: a role that is there already, by the ARN in `principal`; then nothing is made, and its permissions are yours to keep
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
}

variable "role_settings" {
  description = <<-EOT
    What all roles made here have in common.

    - `path`: of the roles in IAM
    - `permissions_boundary`: ARN of the policy that limits what their policies can grant
    - `max_session_duration`: longest session, from `1h` (the default) to `12h`
  EOT
  type = object({
    path                 = optional(string)
    permissions_boundary = optional(string)
    max_session_duration = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.role_settings.path == null || can(regex("^/([!-~]+/)?$", var.role_settings.path))
    error_message = "A path begins and ends with a slash, as in /dataplane/."
  }

  validation {
    condition     = var.role_settings.permissions_boundary == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/", var.role_settings.permissions_boundary))
    error_message = "A permissions boundary is the ARN of a policy, arn:aws:iam::<account>:policy/<name>."
  }
}
