data "dataplane_cluster" "prod" {
  cluster = {
    eks = { name = "prod", region = "eu-west-1" }
  }
}

# The issuer that roles trust.
resource "dataplane_identity_provider" "prod" {
  issuer = data.dataplane_cluster.prod.issuer
}
