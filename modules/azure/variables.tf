variable "name" {
  description = "Name of the data plane; what has no name of its own is named after it, as in the storage account `<name without hyphens>meta`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,38}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "The name becomes part of other names: 4 to 40 lower-case letters, digits and single hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "kms_key" {
  description = <<-EOT
    URL of the key in Key Vault for each bucket that names no key of its own. Without it Microsoft's own keys are used. Registry,
    logs and secrets are always encrypted with Microsoft's.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^https://[a-z0-9-]+[.][a-z0-9.-]+/keys/[A-Za-z0-9-]+(/[0-9a-f]+)?$", var.kms_key))
    error_message = "Give the key by its URL, https://<vault>.vault.azure.net/keys/<key>; without a version, so that the newest is followed."
  }
}
