variable "registry" {
  description = <<-EOT
    The registry that built images are pushed to; `null` for none, then images are not built here.

    - `existing`: a registry of the provider's resource group that is there already, by its `name` and by its `url`, which stands
      before the tag of an image
    - `name`: default `<name without hyphens>`; nobody else in Azure has it
    - `force_destroy`: whether destroying it also deletes the images in it
  EOT
  type = object({
    existing = optional(object({
      name = string
      url  = string
    }))
    name          = optional(string)
    force_destroy = optional(bool, false)
  })
  default = {}

  validation {
    condition     = var.registry == null || try(var.registry.existing, null) != null || try(can(regex("^[A-Za-z0-9]{5,50}$", coalesce(var.registry.name, replace(var.name, "-", "")))), true)
    error_message = "The name of a registry has 5 to 50 letters and digits and nothing else. Where the module's default is shorter, give registry.name."
  }
}

variable "logs" {
  description = <<-EOT
    The Log Analytics workspace of finished tasks; `null` for none.

    - `existing`: a workspace of the provider's resource group that is there already, by its name
    - `name`: default `<name>`
    - `retention_days`: how long logs are kept, 30 to 730
  EOT
  type = object({
    existing       = optional(object({ name = string }))
    name           = optional(string)
    retention_days = optional(number, 30)
  })
  default = {}

  validation {
    condition     = var.logs == null || try(var.logs.retention_days >= 30 && var.logs.retention_days <= 730, false)
    error_message = "Log Analytics keeps logs for 30 to 730 days."
  }
}

variable "secrets_vault" {
  description = "Name of the key vault whose secrets the admin role may read and write. It exists already, takes its permissions by RBAC, and is for this data plane alone: rights are given on whole vaults. Without it the admin role reaches no secrets."
  type        = string
  default     = null

  validation {
    condition     = var.secrets_vault == null || can(regex("^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$", var.secrets_vault))
    error_message = "The name of a key vault has 3 to 24 letters, digits and hyphens, a letter first."
  }
}

variable "secrets" {
  description = <<-EOT
    Secrets to make, by their name in `secrets_vault`. Their values are in `secret_values`.

    - `version`: raise it to send a new value
    - `recovery_window_days`: 0 to delete it for good at once; else a deleted secret can be brought back for as long as the vault says
  EOT
  type = map(object({
    version              = optional(number, 1)
    recovery_window_days = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.secrets) == 0 || var.secrets_vault != null
    error_message = "Secrets are kept in a key vault that exists: name it in secrets_vault."
  }

  validation {
    condition     = alltrue([for name, _ in var.secrets : can(regex("^[A-Za-z0-9-]{1,127}$", name))])
    error_message = "A secret's name has 1 to 127 letters, digits and hyphens."
  }

  validation {
    condition     = alltrue([for secret in var.secrets : secret.recovery_window_days == null || secret.recovery_window_days == 0])
    error_message = "How long a deleted secret can be brought back is a setting of the vault: leave recovery_window_days out, or give 0 to delete it for good at once."
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
