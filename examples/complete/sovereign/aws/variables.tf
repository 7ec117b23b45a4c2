variable "account_id" {
  description = "The account this is for; another one is refused before anything is changed."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id is 12 digits."
  }
}

variable "region" {
  description = "Region of the cluster and of everything made here."
  type        = string
}

variable "cluster" {
  description = "Name of the EKS cluster."
  type        = string
}

variable "network" {
  description = "The cluster's VPC: its id, its range, and private subnets for the balancer."
  type = object({
    id         = string
    cidr       = string
    subnet_ids = list(string)
  })
}

variable "client_ranges" {
  description = "Where people and programs that use the data plane are: ranges of offices and of their VPN."
  type        = set(string)
}

variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
}

variable "control_plane_endpoint" {
  description = "The control plane that the operator registers with."
  type        = string
}

variable "egress" {
  description = <<-EOT
    Ranges that pods may connect to, besides the control plane's:

    - `kubernetes_api`: the API server, which answers in the cluster's subnets
    - `tasks`: what tasks need; at least S3 and STS, by the VPC's endpoints
  EOT
  type = object({
    kubernetes_api = list(string)
    tasks          = list(string)
  })
}
