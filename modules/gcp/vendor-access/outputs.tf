output "service_accounts" {
  description = "Addresses of the service accounts that the vendor becomes, by what they are for."
  value       = { for access, account in google_service_account.this : access => account.email }
}

output "audiences" {
  description = "What the vendor's tokens are made out for: the pool's provider, for all but `break_glass`, and the one of `break_glass`."
  value       = { for pool, provider in google_iam_workload_identity_pool_provider.this : replace(pool, "-", "_") => "//iam.googleapis.com/${provider.name}" }
}
