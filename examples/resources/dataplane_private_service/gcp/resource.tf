variable "forwarding_rule" {
  description = "Internal forwarding rule in front of the Kubernetes API, as projects/…/regions/…/forwardingRules/…."
  type        = string
}

variable "nat_subnet" {
  description = "Subnet of purpose PRIVATE_SERVICE_CONNECT, as projects/…/regions/…/subnetworks/…."
  type        = string
}

variable "accepted_connections" {
  description = "Connections that are let in, as their owners tell them; none at first."
  type        = set(string)
  default     = []
}

resource "dataplane_private_service" "kubernetes_api" {
  name                 = "acme-kubernetes-api"
  load_balancer        = var.forwarding_rule
  subnets              = [var.nat_subnet]
  accepted_connections = var.accepted_connections
}
