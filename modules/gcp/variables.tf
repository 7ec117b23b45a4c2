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
  description = "Labels for what has labels (buckets, registry, secrets), besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.tags : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "Google Cloud keeps tags as labels: keys and values have at most 63 lower-case letters, digits, _ and -, and a key begins with a letter."
  }
}

variable "kms_key" {
  description = <<-EOT
    Full name of the Cloud KMS key for everything that is encrypted and names no key of its own. Without it Google's own keys
    are used. The project's service agents of Cloud Storage, Artifact Registry, Logging and Secret Manager use it, so each
    needs `roles/cloudkms.cryptoKeyEncrypterDecrypter` on it. It can be changed, and taken away but for the log bucket, which
    Google Cloud leaves without one only under another name.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "Give the key by its full name, projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>, without a version."
  }
}
