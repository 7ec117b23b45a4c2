resource "dataplane_registry" "images" {
  name           = "acme-tasks"
  immutable_tags = true
  keep_last      = 500
}
