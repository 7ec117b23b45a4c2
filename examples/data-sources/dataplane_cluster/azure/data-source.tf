data "dataplane_cluster" "prod" {
  cluster = {
    aks = { resource_group = "acme-prod", name = "prod" }
  }
}

# The issuer that roles trust, by `trust.azure`.
output "issuer" {
  value = data.dataplane_cluster.prod.issuer
}
