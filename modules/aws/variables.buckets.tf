variable "buckets" {
  description = <<-EOT
    The two buckets. `metadata` holds inputs, outputs and other execution metadata, `fast_registration` code bundles.

    - `existing`: a bucket that is there already, with the ARN of its key if it has one; then nothing is made and the
      other settings are not used
    - `name`: default `<name>-metadata` and `<name>-fast-registration`
    - `kms_key`: ARN of its key, in place of the module's
    - `versioning`: whether overwritten and deleted objects are kept as versions
    - `expiration`: what is removed by age; only ever raw data, never metadata that runs still need
    - `cors_origins`: web origins that may read through signed URLs
    - `policy_statements`: your own policy statements as JSON, merged with those that protect the bucket
    - `force_destroy`: whether destroying it also deletes what is in it
  EOT
  type = object({
    metadata = optional(object({
      existing   = optional(object({ id = string, kms_key = optional(string) }))
      name       = optional(string)
      kms_key    = optional(string)
      versioning = optional(bool, true)
      expiration = optional(set(object({
        prefix = optional(string)
        days   = number
      })), [])
      cors_origins      = optional(set(string), [])
      policy_statements = optional(list(string), [])
      force_destroy     = optional(bool, false)
    }), {})
    fast_registration = optional(object({
      existing   = optional(object({ id = string, kms_key = optional(string) }))
      name       = optional(string)
      kms_key    = optional(string)
      versioning = optional(bool, true)
      expiration = optional(set(object({
        prefix = optional(string)
        days   = number
      })), [])
      cors_origins      = optional(set(string), [])
      policy_statements = optional(list(string), [])
      force_destroy     = optional(bool, false)
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
}

variable "storage_endpoint" {
  description = "URL by which pods reach the buckets, where that is not the region's own: an interface endpoint of your VPC, or an emulator."
  type        = string
  default     = null

  validation {
    condition     = var.storage_endpoint == null || can(regex("^(https://[^/?#@]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?)/?$", var.storage_endpoint))
    error_message = "Write https://<host> or https://<host>:<port>, without a path; http:// is for a pod's own address, 127.0.0.1, only: on any other way it can be read."
  }
}
