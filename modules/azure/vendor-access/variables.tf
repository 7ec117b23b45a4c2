variable "tenant" {
  description = "Who this resource group belongs to, as the vendor calls it; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.tenant))
    error_message = "The tenant becomes part of names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "external_id" {
  description = "What the vendor gave this customer and no other: its tokens are made out for `api://AzureADTokenExchange/<external_id>`. It is no secret. Not needed where `subjects` names nobody."
  type        = string
  default     = null

  validation {
    condition     = var.external_id == null ? length(flatten([for subjects in values(var.subjects) : tolist(subjects)])) == 0 : can(regex("^[A-Za-z0-9._-]{8,24}$", var.external_id))
    error_message = "external_id is required: without it another customer of the vendor could name your identities (confused deputy). 8 to 24 letters, digits and ._-."
  }
}

variable "issuer" {
  description = "Issuer of the vendor's tokens, `https://…`, whose keys Entra ID fetches. Not needed where `subjects` names nobody."
  type        = string
  default     = null

  validation {
    condition     = var.issuer == null ? length(flatten([for subjects in values(var.subjects) : tolist(subjects)])) == 0 : can(regex("^https://[^/?#]+(/[^?#]*)?$", var.issuer))
    error_message = "The issuer is a URL, https:// and a host, with a path perhaps."
  }
}

variable "subjects" {
  description = "Whose tokens may take each of the four: subjects (`sub`) of the issuer's tokens, at most 20. An access that nobody may take is not made."
  type = object({
    provision   = optional(set(string), [])
    maintain    = optional(set(string), [])
    deprovision = optional(set(string), [])
    break_glass = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for subjects in values(var.subjects) : length(subjects) <= 20 && alltrue([for subject in subjects : can(regex("^[^*]{1,600}$", subject))])])
    error_message = "A subject is told in full, without wildcards, and an identity takes 20 of them."
  }

  validation {
    condition     = length(concat(flatten([for subjects in values(var.subjects) : tolist(subjects)]), [for principal in values(var.principals) : principal if principal != null])) > 0
    error_message = "Name at least one subject or principal; without any there is nothing to make."
  }

  validation {
    condition     = alltrue([for access, principal in var.principals : principal == null || length(var.subjects[access]) == 0])
    error_message = "An access is the subjects' or the principal's, not both."
  }
}

variable "principals" {
  description = <<-EOT
    Who has an access without an identity of this module: object ids, in this tenant, of service principals of the vendor's applications, one
    for each. An application that works in its own tenant as well has to be one. Nothing is made out for this customer then: let the vendor
    have applications that work for this customer alone.
  EOT
  type = object({
    provision   = optional(string)
    maintain    = optional(string)
    deprovision = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for principal in values(var.principals) : principal == null || can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", principal))])
    error_message = "The object id of a service principal in this tenant is a UUID; what the vendor knows is the client id, which is another one."
  }

  validation {
    condition     = length([for principal in values(var.principals) : principal if principal != null]) == length(distinct([for principal in values(var.principals) : lower(principal) if principal != null]))
    error_message = "One application for several purposes has what is granted for all of them: name another one for each."
  }
}

variable "resource_group" {
  description = "The data plane's resource group, which holds nothing else: `id`, `name` and `location`. The identities lie in `identities`, the name of another group of the subscription, out of the vendor's reach."
  type = object({
    id         = string
    name       = string
    location   = string
    identities = string
  })
  nullable = false

  validation {
    condition     = can(regex("(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+$", var.resource_group.id))
    error_message = "The group's id is /subscriptions/<subscription>/resourceGroups/<name>."
  }

  validation {
    condition     = lower(var.resource_group.identities) != lower(var.resource_group.name)
    error_message = "Identities in the data plane's own group could be given further credentials by the vendor: name another group."
  }
}

variable "resources" {
  description = "Kinds of resources that are managed, as `data.dataplane_permissions` takes them."
  type        = set(string)
  default     = ["bucket", "log_group", "registry", "role"]
  nullable    = false
}

variable "cluster" {
  description = <<-EOT
    The AKS cluster that the vendor gets into: its `id`, and by access the role of Azure that holds for it there. Provisioning makes definitions and
    cluster roles, which takes an administrator. `break_glass` gets in while its window is open.
  EOT
  type = object({
    id = string
    roles = optional(map(string), {
      provision   = "Azure Kubernetes Service RBAC Cluster Admin"
      maintain    = "Azure Kubernetes Service RBAC Cluster Admin"
      deprovision = "Azure Kubernetes Service RBAC Cluster Admin"
      break_glass = "Azure Kubernetes Service RBAC Reader"
    })
  })
  default = null

  validation {
    condition     = var.cluster == null || can(regex("(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.ContainerService/managedClusters/[^/]+$", var.cluster.id))
    error_message = "The cluster's id is /subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.ContainerService/managedClusters/<name>."
  }

  validation {
    condition     = var.cluster == null || length(setsubtract(keys(try(var.cluster.roles, {})), ["provision", "maintain", "deprovision", "break_glass"])) == 0
    error_message = "roles go by access: provision, maintain, deprovision, break_glass."
  }
}

variable "break_glass" {
  description = <<-EOT
    While glass may be broken: from `not_before` to `not_after` (RFC 3339, at most 12 hours), for `incident`, which the assignments name. What is
    planned outside of the window assigns nothing, and takes back what was.
  EOT
  type = object({
    not_before = string
    not_after  = string
    incident   = optional(string)
  })
  default = null

  validation {
    condition     = var.break_glass == null || can(regex("^[A-Za-z0-9_.:/=+@-]{1,128}$", var.break_glass.incident))
    error_message = "incident is required: the number of the incident that glass is broken for. 1 to 128 letters, digits and _.:/=+@-."
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

variable "tags" {
  description = "Tags for everything made here that has tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
