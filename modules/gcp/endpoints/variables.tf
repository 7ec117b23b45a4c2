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

variable "network" {
  description = "The network, as `modules/gcp/network` gives it: its `id`, and `google_domains`, whose names lead to Google's addresses already."
  type = object({
    id             = string
    google_domains = optional(set(string), [])

    # Passed on.
    region         = optional(string)
    subnet_ids     = optional(list(string))
    pods_range     = optional(string)
    services_range = optional(string)
  })
  nullable = false
}

variable "bundle" {
  description = "Which of Google's services: `all-apis`, or `vpc-sc` for those that VPC Service Controls guard."
  type        = string
  default     = "all-apis"
  nullable    = false

  validation {
    condition     = contains(["all-apis", "vpc-sc"], var.bundle)
    error_message = "A bundle is all-apis or vpc-sc."
  }
}

variable "address" {
  description = "Address of the endpoint: a private one that no subnet has; default one that is free."
  type        = string
  default     = null

  validation {
    condition     = var.address == null || can(cidrnetmask("${var.address}/32"))
    error_message = "It is an address without a range, as in 10.255.0.2."
  }
}

variable "domains" {
  description = "Domains whose names lead to the endpoint: those of Google's interfaces, of the registries that images are pulled from, and of clusters' DNS endpoints."
  type        = set(string)
  default     = ["googleapis.com", "gcr.io", "pkg.dev", "gke.goog"]
  nullable    = false

  validation {
    condition     = length(setintersection(var.domains, var.network.google_domains)) == 0
    error_message = "${join(", ", setintersection(var.domains, var.network.google_domains))}: the network has private zones of these already, and Google takes no second one. Give it google_apis = \"endpoints\", or leave them out of domains."
  }
}

variable "labels" {
  description = "Labels for everything made here that takes them."
  type        = map(string)
  default     = {}
  nullable    = false
}
