variable "name" {
  description = "Name of the data plane; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,26}[a-z0-9]$", var.name))
    error_message = "The name becomes part of a load balancer's: 3 to 28 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "cluster" {
  description = <<-EOT
    The EKS cluster, as `modules/aws/cluster` gives it in `api`, or as `data.aws_eks_cluster` says:

    - `name`, `region`
    - `endpoint`: the URL of its API
    - `ca_certificate`: its authority, as PEM
    - `security_group_id`: the group of its control plane's interfaces
  EOT
  type = object({
    name              = string
    region            = string
    endpoint          = string
    ca_certificate    = string
    security_group_id = string
  })
  nullable = false

  validation {
    condition     = startswith(var.cluster.endpoint, "https://") && !strcontains(trimprefix(var.cluster.endpoint, "https://"), "/")
    error_message = "The endpoint is the cluster's own, https:// and a host name."
  }
}

variable "network" {
  description = "The network of the cluster, as `modules/aws/network` gives it: the load balancer stands in `subnet_ids`."
  type = object({
    id         = string
    subnet_ids = list(string)
  })
  nullable = false
}

variable "allowed_principals" {
  description = "Who may ask for a connection: ARNs of the vendor's roles, users or account."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.allowed_principals) > 0 && !contains(var.allowed_principals, "*")
    error_message = "Name the vendor's roles: without them nobody can ask, and with \"*\" everybody could."
  }
}

variable "accepted_connections" {
  description = "Ids of the vendor's endpoints that are let in, `vpce-…`, as the vendor tells them or as `connections` shows them."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "auto_accept" {
  description = "Whether whoever may ask is let in without being accepted."
  type        = bool
  default     = false
  nullable    = false
}

variable "role_arns" {
  description = "Roles that the vendor's staff take, by what for, to be handed over with the rest: the output of `modules/aws/vendor-access`."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "alarm_actions" {
  description = "ARNs of what is told when the targets cannot be kept right, as an SNS topic; without them the alarm only shows."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of the policy that limits the function's role."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}
