variable "account_id" {
  description = "The customer's account; another one is refused before anything is changed."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id is 12 digits."
  }
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "name" {
  description = "Name of the data plane."
  type        = string
  default     = "acme-prod"
}

variable "cluster" {
  description = "Name of the EKS cluster, whose API is private."
  type        = string
}

variable "network" {
  description = "The cluster's network: its VPC, its private subnets, and their route tables."
  type = object({
    vpc_id          = string
    subnet_ids      = set(string)
    route_table_ids = set(string)
  })
}

variable "vendor" {
  description = <<-EOT
    Who the vendor is: `principals` are the ARNs of the roles that its pipeline runs as, `on_call` those of the people who are called when
    something is broken, `external_id` is the id that the vendor gave this customer.
  EOT
  type = object({
    principals  = set(string)
    on_call     = optional(set(string), [])
    external_id = string
  })

  validation {
    condition     = alltrue([for principal in setunion(var.vendor.principals, var.vendor.on_call) : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[^*?]+$", principal))])
    error_message = "Name roles, arn:aws:iam::<the vendor's account>:role/<name>: everybody in the vendor's account is more than a pipeline, and a wildcard more than that."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@:/-]{8,24}$", var.vendor.external_id))
    error_message = "external_id is required: without it another customer of the vendor could name your role (confused deputy). 8 to 24 characters."
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

variable "accepted_connections" {
  description = "Ids of the vendor's endpoints that are let in."
  type        = set(string)
  default     = []
}

variable "rejected_connections" {
  description = "Ids of the vendor's endpoints that are kept out; one that was let in is cut off."
  type        = set(string)
  default     = []
}

variable "force_destroy" {
  description = "Whether destroying the service also ends the connections to it. Has to be applied before the destroy."
  type        = bool
  default     = false
}
