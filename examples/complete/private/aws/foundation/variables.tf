variable "account_id" {
  description = "The account this is for; another one is refused before anything is changed."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id is 12 digits."
  }
}

variable "region" {
  description = "Region of everything made here."
  type        = string
}

variable "name" {
  description = "Name of the data plane, of its network and of its cluster."
  type        = string
  default     = "acme-prod"
}

variable "zones" {
  description = "The two or three availability zones of the network that is made."
  type        = list(string)
  default     = []
}

variable "existing" {
  description = "A network that is there already, as `existing` of modules/aws/network takes it; then none is made. It has a way out to the control plane."
  type = object({
    vpc_id          = string
    subnet_ids      = set(string)
    route_table_ids = set(string)
  })
  default = null
}

variable "kubernetes_version" {
  description = "Version of Kubernetes, as in `1.33`."
  type        = string
  default     = "1.33"
}

variable "admins" {
  description = "ARNs of the roles that administer the cluster, that of who applies the data plane among them."
  type        = set(string)
}

variable "authorized_ranges" {
  description = "Private ranges from which the cluster's API is reached, as those of runners, by what they are."
  type        = map(string)
  default     = {}
}
