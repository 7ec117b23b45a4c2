resource "dataplane_registry" "images" {
  name           = "acme/tasks"
  immutable_tags = true
  scan_on_push   = true
  keep_last      = 500
}
