output "client_ids" {
  description = "Client ids of the identities that the vendor becomes, by what they are for."
  value       = { for access, identity in azurerm_user_assigned_identity.this : access => identity.client_id }
}

output "principal_ids" {
  description = "Object ids, in this tenant, of who has the rights, by what they are for: the identities, and the vendor's own service principals."
  value       = local.holders
}

output "audience" {
  description = "What the vendor's tokens are made out for; null where no token is taken."
  value       = var.external_id == null ? null : "api://AzureADTokenExchange/${var.external_id}"
}

output "break_glass_open" {
  description = "Whether what was planned last has the window open: as long as it is true after `not_after`, apply again."
  value       = local.open
}
