variable "load_balancer" {
  description = "ARN of the Network Load Balancer in front of the Kubernetes API."
  type        = string
}

variable "accepted_connections" {
  description = "Connections that are let in, as their owners tell them; none at first."
  type        = set(string)
  default     = []
}

resource "dataplane_private_service" "kubernetes_api" {
  name                 = "acme-kubernetes-api"
  load_balancer        = var.load_balancer
  allowed_principals   = ["arn:aws:iam::111122223333:root"]
  accepted_connections = var.accepted_connections
}
