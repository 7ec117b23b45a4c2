variable "project" {
  description = "The customer's project, which holds the cluster and its data plane and nothing else, by its id; another one is refused before anything is changed."
  type        = string
}

variable "identities_project" {
  description = "Another project of the customer's, by its id, for the accounts that the vendor becomes and the pool of who is on call: the vendor has nothing in it."
  type        = string

  validation {
    condition     = var.identities_project != var.project
    error_message = "Who may set policies of service accounts in the data plane's project could give itself those of its own, for good: name another project for them."
  }
}

variable "region" {
  description = "Region of the data plane."
  type        = string
}

variable "name" {
  description = "Name of the data plane."
  type        = string
  default     = "acme-prod"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,16}[a-z0-9]$", var.name)) && !startswith(var.name, "gcp-")
    error_message = "The name becomes part of service accounts': 3 to 18 lower-case letters, digits and hyphens, a letter first, no hyphen last, not gcp- first, for example acme-prod."
  }
}

variable "cluster" {
  description = "Name of the GKE cluster; its DNS endpoint takes traffic from outside of the network."
  type        = string
}

variable "location" {
  description = "The cluster's location: its region or zone."
  type        = string
}

variable "vendor" {
  description = <<-EOT
    Who the vendor is: `principals` are addresses of the service accounts that its pipeline runs as for this customer, or one subject of a pool
    each, `principal://…`; `on_call` are subjects of tokens of its `issuer`, of the people who are called when something is broken.
  EOT
  type = object({
    principals = set(string)
    issuer     = optional(string)
    on_call    = optional(set(string), [])
  })

  validation {
    condition     = length(var.vendor.principals) > 0 && alltrue([for principal in var.vendor.principals : can(regex("^[a-z0-9-]+@[a-z0-9.-]+\\.gserviceaccount\\.com$", principal)) || can(regex("^principal://iam\\.googleapis\\.com/projects/[0-9]+/locations/global/workloadIdentityPools/[^/*]+/subject/[^*]+$", principal))])
    error_message = "Name service accounts by their addresses, or one subject of a pool each: a group, a domain or all of a pool is more than a pipeline."
  }

  validation {
    condition     = length(var.vendor.on_call) == 0 || var.vendor.issuer != null
    error_message = "Who is on call comes with a token, whose issuer is not named."
  }
}

variable "break_glass" {
  description = "While `break_glass` may be taken: from `not_before` to `not_after` (RFC 3339, at most 12 hours), for `incident`. Without it nobody may."
  type = object({
    not_before = string
    not_after  = string
    incident   = string
  })
  default = null
}
