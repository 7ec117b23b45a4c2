variable "frontend" {
  description = "Id of the frontend configuration of the load balancer in front of the Kubernetes API."
  type        = string
}

variable "subnet" {
  description = "Id of a subnet whose network policies for Private Link services are off."
  type        = string
}

variable "accepted_connections" {
  description = "Connections that are let in, as their owners tell them; none at first."
  type        = set(string)
  default     = []
}

resource "dataplane_private_service" "kubernetes_api" {
  name                 = "acme-kubernetes-api"
  load_balancer        = var.frontend
  subnets              = [var.subnet]
  allowed_principals   = ["8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11"]
  accepted_connections = var.accepted_connections
}
