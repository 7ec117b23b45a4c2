variable "service_name" {
  description = "Id or alias of the Private Link service, as its owner tells it."
  type        = string
}

variable "subnet" {
  description = "Id of the subnet that endpoints have their addresses in."
  type        = string
}

resource "dataplane_private_endpoint" "kubernetes_api" {
  name            = "acme-kubernetes-api"
  service_name    = var.service_name
  subnets         = [var.subnet]
  request_message = "The data plane of acme."

  # What depends on the endpoint is left alone until its owner has let it in.
  lifecycle {
    postcondition {
      condition     = self.state == "available"
      error_message = coalesce(self.remedy, "The endpoint is not available yet.")
    }
  }
}
