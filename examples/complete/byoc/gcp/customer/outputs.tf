output "customer" {
  description = "What is handed over to the vendor; nothing in it is secret."
  value = merge(module.private_api.hand_over, {
    name             = var.name
    region           = var.region
    service_accounts = module.vendor_access.service_accounts
  })

  # What the vendor is told of is there for it to use.
  depends_on = [module.vendor_access]
}

output "audiences" {
  description = "What tokens of the vendor's issuer are made out for."
  value       = module.vendor_access.audiences
}

output "break_glass_open" {
  description = "Whether a window is set in which somebody may become `break_glass`."
  value       = module.vendor_access.break_glass_open
}
