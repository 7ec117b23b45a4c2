variable "project" {
  description = "The vendor's project, where the endpoint is, by its id; another one is refused before anything is changed."
  type        = string
}

variable "customer" {
  description = "What the customer handed over: the output `customer` of the customer's root."
  type = object({
    name             = string
    project          = string
    region           = string
    location         = string
    cluster          = string
    dns_endpoint     = string
    service_accounts = map(string)
  })
}

variable "access" {
  description = "Which of the customer's accounts the pipeline becomes: `provision` to make, `maintain` to change what there is, `deprovision` to destroy."
  type        = string
  default     = "provision"

  validation {
    condition     = contains(["provision", "maintain", "deprovision"], var.access)
    error_message = "The accounts that Terraform works by are provision, maintain and deprovision; break_glass is a person's, to look."
  }
}

variable "network" {
  description = "The vendor's network that the pipeline runs in."
  type = object({
    id = string
  })
}

variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
}

variable "control_plane_endpoint" {
  description = "The control plane that the operator registers with."
  type        = string
}
