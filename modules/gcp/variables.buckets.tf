variable "buckets" {
  description = <<-EOT
    The two buckets. `metadata` holds inputs, outputs and other execution metadata, `fast_registration` code bundles.

    - `existing`: a bucket that is there already; then nothing is made and the other settings are not used
    - `name`: default `<name>-metadata` and `<name>-fast-registration`
    - `kms_key`: full name of its key, in place of the module's
    - `versioning`: whether overwritten and deleted objects are kept as versions
    - `soft_delete_days`: for how many days whatever is deleted can be brought back, 7 to 90, or 0; default Google's 7
    - `expiration`: what is removed by age; only ever raw data, never metadata that runs still need
    - `cors_origins`: web origins that may read through signed URLs
    - `force_destroy`: whether destroying it also deletes what is in it
  EOT
  type = object({
    metadata = optional(object({
      existing         = optional(object({ id = string }))
      name             = optional(string)
      kms_key          = optional(string)
      versioning       = optional(bool, true)
      soft_delete_days = optional(number)
      expiration = optional(set(object({
        prefix = optional(string)
        days   = number
      })), [])
      cors_origins  = optional(set(string), [])
      force_destroy = optional(bool, false)
    }), {})
    fast_registration = optional(object({
      existing         = optional(object({ id = string }))
      name             = optional(string)
      kms_key          = optional(string)
      versioning       = optional(bool, true)
      soft_delete_days = optional(number)
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
      for bucket in [var.buckets.metadata, var.buckets.fast_registration] :
      alltrue([for rule in bucket.expiration : rule.days >= 1 && floor(rule.days) == rule.days])
    ])
    error_message = "Objects expire after a whole number of days, 1 or more."
  }

  validation {
    condition     = alltrue([for rule in var.buckets.metadata.expiration : rule.prefix != null])
    error_message = "An expiration rule of the metadata bucket names the prefix of the raw data it is for: one without a prefix would remove metadata that runs still need."
  }

  validation {
    condition = alltrue([
      for bucket in [var.buckets.metadata, var.buckets.fast_registration] :
      bucket.soft_delete_days == null || try(bucket.soft_delete_days == 0 || (bucket.soft_delete_days >= 7 && bucket.soft_delete_days <= 90), false)
    ])
    error_message = "What is deleted can be brought back for 7 to 90 days; 0 deletes it for good at once."
  }
}
