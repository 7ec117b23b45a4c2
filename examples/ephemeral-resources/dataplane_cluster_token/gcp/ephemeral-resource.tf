# For another provider: minted when it is needed, renewed while Terraform runs, never stored.
ephemeral "dataplane_cluster_token" "prod" {
  gke = { project = "acme-prod-123456", location = "europe-west4", name = "prod" }
}
