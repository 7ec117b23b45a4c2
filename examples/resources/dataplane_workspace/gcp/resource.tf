resource "dataplane_workspace" "fraud" {
  cluster = {
    gke = { project = "acme-prod-123456", location = "europe-west4", name = "prod" }
  }

  # The operator's id. Terraform destroys the workspace first, while the operator can still clean up after its tasks.
  operator = "union/dataplane"

  project = "fraud"
  domain  = "production"

  role = { gke = { service_account = "userflyterole@acme-prod-123456.iam.gserviceaccount.com" } }

  quota = {
    "limits.cpu"              = "512"
    "limits.memory"           = "2Ti"
    "requests.nvidia.com/gpu" = "16"
  }
}
