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
    condition     = length(var.vendor_service_accounts) > 0 && alltrue([for account in var.vendor_service_accounts : can(regex("^[a-z0-9-]+@[a-z0-9.-]+\\.gserviceaccount\\.com$", account)) || can(regex("^principal://iam\\.googleapis\\.com/projects/[0-9]+/locations/global/workloadIdentityPools/[^/*]+/subject/[^*]+$", account))])
    error_message = "Name service accounts by their addresses, or one subject of a pool each, principal://iam.googleapis.com/projects/<number>/locations/global/workloadIdentityPools/<pool>/subject/<subject>: everybody is not among them."
  }

  validation {
    condition     = !anytrue([for account in var.vendor_service_accounts : endswith(split("@", account)[0], "-break-glass")])
    error_message = "The account of break_glass reaches the API in its window, by modules/gcp/vendor-access; what is granted here has no end."
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

variable "perimeter" {
  description = <<-EOT
    The perimeter of VPC Service Controls that the project is in, which gets a rule that lets the vendor in to the cluster's API; `null` for none.

    - `name`: as in `accessPolicies/123456789012/servicePerimeters/acme`
    - `sources`: where the vendor comes from: `projects/<number>`, for all networks of a project, or `//compute.googleapis.com/projects/<id>/global/networks/<name>`
  EOT
  type = object({
    name    = string
    sources = set(string)
  })
  default = null

  validation {
    condition     = var.perimeter == null || can(regex("^accessPolicies/[0-9]+/servicePerimeters/[A-Za-z0-9_]+$", var.perimeter.name))
    error_message = "A perimeter is named accessPolicies/<number>/servicePerimeters/<name>."
  }

  validation {
    condition     = try(length(var.perimeter.sources) > 0 && alltrue([for source in var.perimeter.sources : can(regex("^(projects/[0-9]+|//compute\\.googleapis\\.com/projects/[^/]+/global/networks/[^/]+)$", source))]), var.perimeter == null)
    error_message = "Name at least one source, projects/<number> or //compute.googleapis.com/projects/<id>/global/networks/<name>: from everywhere the perimeter would guard nothing."
  }
}
