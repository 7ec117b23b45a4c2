variable "project" {
  description = "The customer's project, which holds the cluster and its data plane and nothing else, by its id; another one is refused before anything is changed."
  type        = string
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
    condition     = can(regex("^[a-z][a-z0-9-]{1,21}[a-z0-9]$", var.name))
    error_message = "The name becomes part of a service account's: 3 to 23 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
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

variable "vendor_service_accounts" {
  description = "Who the vendor is: addresses of the service accounts that its pipeline runs as, or `principal://…` of a workload identity pool."
  type        = set(string)

  validation {
    condition     = length(var.vendor_service_accounts) > 0 && alltrue([for account in var.vendor_service_accounts : can(regex("^[a-z0-9-]+@[a-z0-9.-]+\\.gserviceaccount\\.com$", account)) || startswith(account, "principal://")])
    error_message = "Name service accounts by their addresses, or principals of a pool: a group or a domain of the vendor's is more than a pipeline."
  }
}
