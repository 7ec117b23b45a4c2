variable "registry" {
  description = <<-EOT
    The repository that built images are pushed to; `null` for none, then images are not built here.

    - `existing`: a repository of the provider's project and region that is there already, by its `name` and by its `url`, which
      stands before the tag of an image
    - `name`: default `<name>`
    - `immutable_tags`: whether a tag, once pushed, always means the same image
    - `scan_on_push`: whether images are scanned for known vulnerabilities
    - `keep_last`: how many images are kept, where `immutable_tags` is false; default all
    - `force_destroy`: whether destroying it also deletes the images in it
  EOT
  type = object({
    existing = optional(object({
      name = string
      url  = string
    }))
    name           = optional(string)
    immutable_tags = optional(bool, true)
    scan_on_push   = optional(bool, true)
    keep_last      = optional(number)
    force_destroy  = optional(bool, false)
  })
  default = {}

  validation {
    condition     = var.registry == null || try(var.registry.keep_last == null || var.registry.keep_last >= 1, true)
    error_message = "Keep at least one image, or leave keep_last out to keep all."
  }

  validation {
    condition     = var.registry == null || try(var.registry.keep_last == null || !var.registry.immutable_tags, true)
    error_message = "Images with immutable tags are never removed: set immutable_tags to false, or leave keep_last out."
  }
}

variable "logs" {
  description = <<-EOT
    The log bucket of finished tasks; `null` for none.

    - `existing`: a log bucket of the provider's project and region that is there already, by its name
    - `name`: default `<name>`
    - `retention_days`: how long logs are kept, 1 to 3650
  EOT
  type = object({
    existing       = optional(object({ name = string }))
    name           = optional(string)
    retention_days = optional(number, 30)
  })
  default = {}

  validation {
    condition     = var.logs == null || try(var.logs.retention_days >= 1 && var.logs.retention_days <= 3650, false)
    error_message = "Log buckets keep logs for 1 to 3650 days."
  }
}

variable "secrets_prefix" {
  description = "Beginning of the names of the secrets that the admin role may read and write. Default `<name>-`."
  type        = string
  default     = null

  validation {
    condition     = var.secrets_prefix == null || can(regex("^[A-Za-z0-9_-]+[-_]$", var.secrets_prefix))
    error_message = "The prefix has letters, digits, _ and -, and ends in - or _, as in acme-prod-: names of secrets have no slashes here, and without the end the admin role would also reach acme-prod2."
  }
}

variable "secrets" {
  description = <<-EOT
    Secrets to make, by their name below `secrets_prefix`. Their values are in `secret_values`. A secret that is destroyed is gone
    at once: Secret Manager keeps none to bring back.

    - `version`: raise it to send a new value
    - `kms_key`: full name of its key, in place of the module's
  EOT
  type = map(object({
    version = optional(number, 1)
    kms_key = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name, _ in var.secrets : can(regex("^[A-Za-z0-9_-]{1,200}$", name))])
    error_message = "A secret's name has letters, digits, _ and -."
  }
}

variable "secret_values" {
  description = "Values of `secrets`, by the same names. Used while applying and kept nowhere."
  type        = map(string)
  default     = {}
  nullable    = false
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = toset(keys(var.secret_values)) == toset(keys(var.secrets))
    error_message = "Give each of secrets its value here, under the same name, and no other: values are kept nowhere, so each plan needs them."
  }
}
