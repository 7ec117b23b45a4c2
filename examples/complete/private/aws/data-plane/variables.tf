variable "account_id" {
  description = "The account this is for; another one is refused before anything is changed."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id is 12 digits."
  }
}

variable "foundation" {
  description = "What the foundation says: the output `foundation` of its root."
  type = object({
    name          = string
    region        = string
    cluster       = object({ eks = object({ name = string, region = string }) })
    issuer        = string
    control_plane = string
    s3            = list(string)
    services      = list(string)
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
