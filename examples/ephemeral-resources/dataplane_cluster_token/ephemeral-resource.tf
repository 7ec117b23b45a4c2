# A token for another provider, minted when it is needed and renewed while Terraform runs. It is never stored.
ephemeral "dataplane_cluster_token" "prod" {
  eks = { name = "prod", region = "eu-west-1" }
}
