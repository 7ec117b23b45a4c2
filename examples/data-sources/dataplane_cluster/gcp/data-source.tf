data "dataplane_cluster" "prod" {
  cluster = {
    gke = { project = "acme-prod-123456", location = "europe-west4", name = "prod" }
  }
}

# For a firewall in front of the API server.
output "endpoint" {
  value = data.dataplane_cluster.prod.endpoint
}
