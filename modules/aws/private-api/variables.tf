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

variable "rejected_connections" {
  description = "Ids of the vendor's endpoints that are kept out. One that was let in is cut off, which taking it out of `accepted_connections` does not do."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setintersection(var.rejected_connections, var.accepted_connections)) == 0
    error_message = "${join(", ", setintersection(var.rejected_connections, var.accepted_connections))}: both accepted and rejected. Take it out of accepted_connections."
  }
}

variable "auto_accept" {
  description = "Whether whoever may ask is let in without being accepted."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_destroy" {
  description = "Whether destroying the service also ends the connections to it; else it is refused while somebody is connected. Has to be applied before the destroy."
  type        = bool
  default     = false
  nullable    = false
}

variable "role_arns" {
  description = "ARNs of the roles that the vendor takes in this account, by what for, to be handed over with the rest, as in `{ provision = aws_iam_role.vendor.arn }`."
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
