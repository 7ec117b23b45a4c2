variable "trust" {
  description = <<-EOT
    How pods become a role:

    - `azure`: the cluster's OIDC issuer, which each identity trusts by a federated credential for each service account
  EOT
  type = object({
    azure = object({ issuer = string })
  })
  nullable = false

  validation {
    condition     = startswith(var.trust.azure.issuer, "https://")
    error_message = "An issuer begins with https://; on AKS it is there once the cluster has --enable-oidc-issuer."
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

  validation {
    condition     = var.roles.user.existing != null || length(var.workspaces) <= 20
    error_message = "An identity takes 20 federated credentials at most, one for each workspace: make another data plane for more workspaces, or bring roles of your own."
  }
}

variable "roles" {
  description = <<-EOT
    The roles, one per profile; each is a user-assigned managed identity.

    - `existing`: an identity that is there already, by its object (principal) id, its client id and its tenant; then nothing is made,
      and its role assignments and federated credentials are yours to keep
    - `name`: default `adminflyterole`, `userflyterole` and `<name>-builder`
    - `prefixes` (`admin`, `user`): the only prefixes of the metadata bucket that the role reaches, each ending in `/`; default all

    `builder` is made where there is a registry. `log_writer` is never made: Log Analytics takes logs from pods through a data
    collection rule only, so bring an identity that has Monitoring Metrics Publisher on yours.
  EOT
  type = object({
    admin = optional(object({
      existing = optional(object({ principal = string, client_id = string, tenant_id = string }))
      name     = optional(string, "adminflyterole")
      prefixes = optional(set(string))
    }), {})
    user = optional(object({
      existing = optional(object({ principal = string, client_id = string, tenant_id = string }))
      name     = optional(string, "userflyterole")
      prefixes = optional(set(string))
    }), {})
    builder = optional(object({
      existing = optional(object({ principal = string, client_id = string, tenant_id = string }))
      name     = optional(string)
    }), {})
    log_writer = optional(object({
      existing = optional(object({ principal = string, client_id = string, tenant_id = string }))
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
      for role in [var.roles.admin, var.roles.user, var.roles.builder] :
      role.name == null || can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$", role.name))
    ])
    error_message = "A managed identity's name has 3 to 128 letters, digits, hyphens and underscores, and begins with a letter or digit."
  }

  validation {
    condition = alltrue([
      for role in [var.roles.admin, var.roles.user, var.roles.builder, var.roles.log_writer] :
      role.existing == null || try(alltrue([
        for id in [role.existing.principal, role.existing.client_id, role.existing.tenant_id] :
        can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", id))
      ]), true)
    ])
    error_message = "An identity that exists is given by three UUIDs: `az identity show` prints them as principalId, clientId and tenantId."
  }
}
