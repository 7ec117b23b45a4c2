output "service" {
  description = "What the gateway's Service of type LoadBalancer takes: `annotations`, `load_balancer_source_ranges` and `class` (null for the cluster's own)."
  value = {
    annotations = tomap({
      "service.beta.kubernetes.io/azure-load-balancer-internal"        = "true"
      "service.beta.kubernetes.io/azure-load-balancer-internal-subnet" = azurerm_subnet.this.name
    })
    load_balancer_source_ranges = sort(local.sources)
    class                       = null
  }

  # A balancer that comes before its rules would be open to what is peered with the network.
  depends_on = [azurerm_network_security_rule.this, azurerm_role_assignment.this]
}

output "service_name" {
  description = "What the offices' endpoints name; null without `offices`."
  value       = one(dataplane_private_service.this[*].service_name)
}

output "connections" {
  description = "Who asked for a connection, and whether it is let in."
  value       = flatten(dataplane_private_service.this[*].connections)
}
