# For another provider: minted when it is needed, renewed while Terraform runs, never stored.
ephemeral "dataplane_cluster_token" "prod" {
  aks = { resource_group = "acme-prod", name = "prod" }
}
