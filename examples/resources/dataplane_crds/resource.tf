variable "kubeconfig" {
  description = "Path of the kubeconfig file."
  type        = string
  default     = "~/.kube/config"
}

# One per cluster, shared by all operators on it.
resource "dataplane_crds" "this" {
  cluster = {
    kubeconfig = { path = var.kubeconfig }
  }

  # Deleting a definition deletes every object of its kind.
  prevent_deletion = true
}
