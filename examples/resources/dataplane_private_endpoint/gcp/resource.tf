variable "service_name" {
  description = "Name of the service, as its owner tells it: projects/…/regions/…/serviceAttachments/…."
  type        = string
}

variable "network" {
  description = "Network, and the subnet that endpoints have their addresses in."
  type = object({
    id        = string
    subnet_id = string
  })
}

resource "dataplane_private_endpoint" "kubernetes_api" {
  name         = "acme-kubernetes-api"
  service_name = var.service_name
  network      = var.network.id
  subnets      = [var.network.subnet_id]

  # What depends on the endpoint is left alone until its owner has let it in.
  lifecycle {
    postcondition {
      condition     = self.state == "available"
      error_message = coalesce(self.remedy, "The endpoint is not available yet.")
    }
  }
}
