resource "dataplane_registry" "images" {
  name           = "acme-tasks"
  immutable_tags = false
  keep_last      = 500
}
