output "service_accounts" {
  description = "Addresses of the service accounts that the vendor becomes, by what they are for."
  value       = local.emails
}

output "break_glass_open" {
  description = "Whether a window is set in which somebody may become `break_glass`."
  value       = anytrue([for pool, provider in google_iam_workload_identity_pool_provider.this : !provider.disabled if pool == "break-glass"])
}

output "audiences" {
  description = "What the vendor's tokens are made out for: the pool's provider, for all but `break_glass`, and the one of `break_glass`."
  value       = { for pool, provider in google_iam_workload_identity_pool_provider.this : replace(pool, "-", "_") => "//iam.googleapis.com/${provider.name}" }
}
