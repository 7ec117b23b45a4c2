variable "name" {
  description = "Name of the tenant, in names of buckets, roles and log groups."
  type        = string
}

variable "account_id" {
  description = "The customer's account; another one is refused before anything is changed."
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

variable "role_arn" {
  description = "The role that the customer granted."
  type        = string
}

variable "external_id" {
  description = "What the role's trust asks for, so that no other customer's role can be named by mistake. It is no secret."
  type        = string
}

variable "session_tags" {
  description = "Tags that the role's trust asks of a session: `session.tags` of the customer's `modules/aws/vendor-access`."
  type        = map(string)
  default     = null
}

variable "operator" {
  description = "Who runs this, as the customer's audit log shows it: what started the pipeline. Trusts of `modules/aws/vendor-access` ask for it."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds roles made in the account: what `modules/aws/vendor-access` puts out under this name, which refuses roles without it."
  type        = string
  default     = null
}

variable "issuer" {
  description = "OIDC issuer of the customer's cluster."
  type        = string
}

variable "network" {
  description = "The VPC, and the tables of its subnets that get a route to S3."
  type = object({
    id              = string
    route_table_ids = set(string)
  })
}

variable "retention_days" {
  description = "How long logs of tasks are kept."
  type        = number
  default     = 30
}
