# The registry is in all of Azure the only one of this name.
resource "dataplane_registry" "images" {
  name = "acmeprodimages"
}
