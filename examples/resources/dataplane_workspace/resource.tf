variable "kubeconfig" {
  description = "Path of the kubeconfig file."
  type        = string
  default     = "~/.kube/config"
}

resource "dataplane_workspace" "fraud" {
  cluster = {
    kubeconfig = { path = var.kubeconfig }
  }

  # The operator's id. Terraform destroys the workspace first, while the operator can still clean up after its tasks.
  operator = "union/dataplane"

  project = "fraud"
  domain  = "production"

  role = { irsa = { role_arn = "arn:aws:iam::123456789012:role/userflyterole" } }

  quota = {
    "limits.cpu"              = "512"
    "limits.memory"           = "2Ti"
    "requests.nvidia.com/gpu" = "16"
  }
}
