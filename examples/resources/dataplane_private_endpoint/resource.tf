variable "service_name" {
  description = "Name of the service, as its owner tells it: com.amazonaws.vpce.REGION.vpce-svc-…."
  type        = string
}

variable "network" {
  description = "VPC, its subnets in the zones of the service, and the security group of endpoints."
  type = object({
    id                         = string
    subnet_ids                 = set(string)
    endpoint_security_group_id = string
  })
}

resource "dataplane_private_endpoint" "kubernetes_api" {
  name            = "acme-kubernetes-api"
  service_name    = var.service_name
  network         = var.network.id
  subnets         = var.network.subnet_ids
  security_groups = [var.network.endpoint_security_group_id]

  # What depends on the endpoint is left alone until its owner has let it in.
  lifecycle {
    postcondition {
      condition     = self.state == "available"
      error_message = coalesce(self.remedy, "The endpoint is not available yet.")
    }
  }
}
