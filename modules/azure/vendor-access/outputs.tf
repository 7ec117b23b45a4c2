output "client_ids" {
  description = "Client ids of the identities that the vendor becomes, by what they are for."
  value       = { for access, identity in azurerm_user_assigned_identity.this : access => identity.client_id }
}

output "audience" {
  description = "What the vendor's tokens are made out for."
  value       = "api://AzureADTokenExchange/${var.external_id}"
}

output "break_glass_open" {
  description = "Whether what was planned last has the window open: as long as it is true after `not_after`, apply again."
  value       = local.open
}
