variable "name" {
  description = "Name of the data plane; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of other names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "project" {
  description = "Project that everything is made in, by its id."
  type        = string
  nullable    = false
}

variable "vendor_service_accounts" {
  description = "Who may reach the API: addresses of the vendor's service accounts, or `principal://…` of a workload identity pool."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.vendor_service_accounts) > 0 && alltrue([for account in var.vendor_service_accounts : can(regex("^[a-z0-9-]+@[a-z0-9.-]+\\.gserviceaccount\\.com$", account)) || startswith(account, "principal://")])
    error_message = "Name service accounts by their addresses, or principals of a pool: everybody and allAuthenticatedUsers are not among them."
  }
}

variable "cluster" {
  description = "The cluster, with its DNS endpoint on: `name`, `location` and the host `dns_endpoint`, as `modules/gcp/cluster` gives them."
  type = object({
    name         = string
    location     = string
    dns_endpoint = string
  })
  nullable = false

  validation {
    condition     = endswith(var.cluster.dns_endpoint, ".gke.goog")
    error_message = "The DNS endpoint is a host below gke.goog: switch it on in the cluster, with traffic from outside allowed."
  }
}
