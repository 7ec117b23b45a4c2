variable "buckets" {
  description = <<-EOT
    The two buckets. `metadata` holds inputs, outputs and other execution metadata, `fast_registration` code bundles. Each is one
    container in a storage account that is made with it, since what protects a container are settings of its account.

    - `existing`: a container that is there already, by its id `<account>/<container>`, and outside the public cloud by its `uri`;
      its account is in the provider's resource group. Then nothing is made and the other settings are not used
    - `account`: name of the storage account, which nobody else in Azure has; default `<name without hyphens>meta` and
      `<name without hyphens>fast`
    - `name`: of the container; default `metadata` and `fast-registration`
    - `hierarchical_namespace`: whether paths are real directories; then there are no versions
    - `kms_key`: URL of its key, in place of the module's
    - `versioning`: whether overwritten and deleted objects are kept as versions; default unless paths are directories
    - `soft_delete_days`: for how many days whatever is deleted can be brought back, 1 to 365; default 7
    - `allowed_networks`: the only networks that the account answers to: public addresses as `ip_ranges`, and the ids of `subnets`
      with a service endpoint. Whoever runs Terraform has to be in one of them
    - `expiration`: what is removed by age; only ever raw data, never metadata that runs still need
    - `cors_origins`: web origins that may read through signed URLs
    - `force_destroy`: whether destroying it also deletes what is in it
  EOT
  type = object({
    metadata = optional(object({
      existing               = optional(object({ id = string, uri = optional(string) }))
      account                = optional(string)
      name                   = optional(string)
      hierarchical_namespace = optional(bool, false)
      kms_key                = optional(string)
      versioning             = optional(bool)
      soft_delete_days       = optional(number)
      allowed_networks = optional(object({
        ip_ranges = optional(set(string), [])
        subnets   = optional(set(string), [])
      }))
      expiration = optional(set(object({
        prefix = optional(string)
        days   = number
      })), [])
      cors_origins  = optional(set(string), [])
      force_destroy = optional(bool, false)
    }), {})
    fast_registration = optional(object({
      existing               = optional(object({ id = string, uri = optional(string) }))
      account                = optional(string)
      name                   = optional(string)
      hierarchical_namespace = optional(bool, false)
      kms_key                = optional(string)
      versioning             = optional(bool)
      soft_delete_days       = optional(number)
      allowed_networks = optional(object({
        ip_ranges = optional(set(string), [])
        subnets   = optional(set(string), [])
      }))
      expiration = optional(set(object({
        prefix = optional(string)
        days   = number
      })), [])
      cors_origins  = optional(set(string), [])
      force_destroy = optional(bool, false)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for account in compact([
        var.buckets.metadata.existing == null ? coalesce(var.buckets.metadata.account, "${replace(var.name, "-", "")}meta") : "",
        var.buckets.fast_registration.existing == null ? coalesce(var.buckets.fast_registration.account, "${replace(var.name, "-", "")}fast") : "",
      ]) : can(regex("^[a-z0-9]{3,24}$", account))
    ])
    error_message = "The name of a storage account has 3 to 24 lower-case letters and digits and nothing else. Where the module's default is longer, give buckets.metadata.account and buckets.fast_registration.account."
  }

  validation {
    condition     = var.buckets.metadata.account == null || var.buckets.metadata.account != var.buckets.fast_registration.account
    error_message = "Each bucket has a storage account of its own: what protects a container are settings of its account."
  }

  validation {
    condition = alltrue([
      for bucket in [var.buckets.metadata, var.buckets.fast_registration] :
      bucket.existing == null || try(can(regex("^[a-z0-9]{3,24}/[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]$", bucket.existing.id)), true)
    ])
    error_message = "A container that exists is given as <account>/<container>, as in acmelake/metadata."
  }

  validation {
    condition = alltrue([
      for bucket in [var.buckets.metadata, var.buckets.fast_registration] :
      !(bucket.hierarchical_namespace && coalesce(bucket.versioning, false))
    ])
    error_message = "Azure keeps no versions where paths are real directories: leave out versioning or hierarchical_namespace."
  }

  validation {
    condition = alltrue([
      for bucket in [var.buckets.metadata, var.buckets.fast_registration] :
      bucket.soft_delete_days == null || try(bucket.soft_delete_days >= 1 && bucket.soft_delete_days <= 365, false)
    ])
    error_message = "What is deleted can be brought back for 1 to 365 days."
  }

  validation {
    condition = alltrue([
      for bucket in [var.buckets.metadata, var.buckets.fast_registration] :
      alltrue([for rule in bucket.expiration : rule.days >= 1 && floor(rule.days) == rule.days])
    ])
    error_message = "Objects expire after a whole number of days, 1 or more."
  }

  validation {
    condition     = alltrue([for rule in var.buckets.metadata.expiration : rule.prefix != null])
    error_message = "An expiration rule of the metadata bucket names the prefix of the raw data it is for: one without a prefix would remove metadata that runs still need."
  }
}
