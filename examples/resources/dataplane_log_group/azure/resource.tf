resource "dataplane_log_group" "tasks" {
  name           = "acme-prod"
  retention_days = 60
}
