variable "account_id" {
  description = "The vendor's account, where the endpoint is; another one is refused before anything is changed."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id is 12 digits."
  }
}

variable "customer" {
  description = "What the customer handed over: the output `customer` of the customer's root."
  type = object({
    name                 = string
    account_id           = string
    region               = string
    cluster              = string
    issuer               = string
    service_name         = string
    server_name          = string
    role_arns            = map(string)
    permissions_boundary = string
  })
}

variable "external_id" {
  description = "The id that the vendor gave this customer, which the customer's role asks for."
  type        = string
}

variable "access" {
  description = "Which of the customer's roles is taken: `provision` to make, `maintain` to change what there is, `deprovision` to destroy."
  type        = string
  default     = "provision"

  validation {
    condition     = contains(["provision", "maintain", "deprovision"], var.access)
    error_message = "The roles that Terraform works by are provision, maintain and deprovision; break_glass is a person's, to look."
  }
}

variable "source_identity" {
  description = "Who works, as the customer's CloudTrail shows it with every call: the run of the pipeline, or the person."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{2,64}$", var.source_identity))
    error_message = "2 to 64 letters, digits and +=,.@-_, for example pipeline-4711."
  }
}

variable "network" {
  description = "The vendor's network that the pipeline runs in; its subnets are in zones where the customer's service is."
  type = object({
    id         = string
    cidr       = string
    subnet_ids = list(string)
  })
}

variable "private_zone" {
  description = "Whether the API's own name leads to the endpoint in the vendor's network, by a private zone. Without, the endpoint's name is called and the API's asked for."
  type        = bool
  default     = true
  nullable    = false
}

variable "acceptance_timeout" {
  description = "How long an apply waits for the customer to let it in."
  type        = string
  default     = "10m"
}

variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
}

variable "control_plane_endpoint" {
  description = "The control plane that the operator registers with."
  type        = string
}
