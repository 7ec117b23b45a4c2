# The owner of the other root, so that both know what is whose.
provider "dataplane" {
  owner = "acme-prod"
}

resource "dataplane_workspace" "fraud_production" {
  cluster  = { kubeconfig = { path = var.kubeconfig, context = var.context } }
  operator = "union/operator"
  project  = "fraud"
  domain   = "production"
  role     = var.user_role
}
