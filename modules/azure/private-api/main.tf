# AKS keeps it in front of API servers that stand in the network, among the cluster's own objects.
data "azurerm_lb" "api" {
  name                = "kube-apiserver"
  resource_group_name = var.cluster.node_resource_group

  lifecycle {
    postcondition {
      condition     = length(self.frontend_ip_configuration) == 1
      error_message = "The load balancer kube-apiserver in ${var.cluster.node_resource_group} has ${length(self.frontend_ip_configuration)} frontends, and one is expected: is the API server of ${var.cluster.name} in the network (API server VNet integration)?"
    }
  }
}

# TLS is the API server's own, from end to end: its name is told, and who connects checks it.
resource "dataplane_private_service" "this" {
  name                 = "${var.name}-api"
  load_balancer        = data.azurerm_lb.api.frontend_ip_configuration[0].id
  subnets              = [var.network.link_subnet_id]
  private_dns_name     = var.cluster.private_fqdn
  allowed_principals   = var.allowed_subscriptions
  accepted_connections = var.accepted_connections
  rejected_connections = var.rejected_connections
  auto_accept          = var.auto_accept
  force_destroy        = var.force_destroy
  tags                 = var.tags
}
