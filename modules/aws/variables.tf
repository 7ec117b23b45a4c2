variable "name" {
  description = "Name of the data plane; what has no name of its own is named after it, as in `<name>-metadata`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of bucket names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "kms_key" {
  description = "ARN of the KMS key for everything that is encrypted and names no key of its own. Without it the cloud's own keys are used."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key))
    error_message = "Give the key by its ARN, arn:aws:kms:<region>:<account>:key/<id>; an alias can be pointed elsewhere and is refused."
  }
}
