variable "warehouse_password" {
  description = "Kept in neither state nor plan."
  type        = string
  default     = "correct horse battery staple"
  ephemeral   = true
}

resource "dataplane_secret" "warehouse" {
  name     = "acme-prod-warehouse"
  value_wo = var.warehouse_password

  # Raise it to send a new value.
  value_wo_version = 1
}
