variable "warehouse_password" {
  description = "Kept in neither state nor plan."
  type        = string
  default     = "correct horse battery staple"
  ephemeral   = true
}

resource "dataplane_secret" "warehouse" {
  # The vault exists already, and takes its permissions by RBAC.
  name     = "acme-vault/warehouse"
  value_wo = var.warehouse_password

  # Raise it to send a new value.
  value_wo_version = 1
}
