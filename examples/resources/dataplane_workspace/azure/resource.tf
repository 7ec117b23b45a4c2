resource "dataplane_workspace" "fraud" {
  cluster = {
    aks = { resource_group = "acme-prod", name = "prod" }
  }

  # The operator's id. Terraform destroys the workspace first, while the operator can still clean up after its tasks.
  operator = "union/dataplane"

  project = "fraud"
  domain  = "production"

  role = {
    azure = { client_id = "22222222-2222-2222-2222-222222222222", tenant_id = "33333333-3333-3333-3333-333333333333" }
  }

  quota = {
    "limits.cpu"              = "512"
    "limits.memory"           = "2Ti"
    "requests.nvidia.com/gpu" = "16"
  }
}
