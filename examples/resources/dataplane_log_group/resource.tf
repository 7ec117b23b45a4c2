resource "dataplane_log_group" "tasks" {
  name           = "/dataplane/acme-prod"
  retention_days = 30
}
