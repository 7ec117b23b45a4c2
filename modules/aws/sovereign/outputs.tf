output "service" {
  description = "What the gateway's Service of type LoadBalancer takes: `annotations`, `load_balancer_source_ranges` and `class` (null for the cluster's own)."
  value = {
    annotations = tomap(merge({
      "service.beta.kubernetes.io/aws-load-balancer-type"                                = "external"
      "service.beta.kubernetes.io/aws-load-balancer-scheme"                              = "internal"
      "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"                     = "ip"
      "service.beta.kubernetes.io/aws-load-balancer-subnets"                             = join(",", var.network.subnet_ids)
      "service.beta.kubernetes.io/aws-load-balancer-security-groups"                     = aws_security_group.this.id
      "service.beta.kubernetes.io/aws-load-balancer-manage-backend-security-group-rules" = "true"
      }, var.offices == null ? {} : {
      # Who comes by the private connection was let in by name. The group would ask for the address that the client has in the office's own
      # network, and drop it without a word.
      "service.beta.kubernetes.io/aws-load-balancer-inbound-sg-rules-on-private-link-traffic" = "off"
    }))
    load_balancer_source_ranges = sort(var.client_ranges)
    class                       = "service.k8s.aws/nlb"
  }

  # A balancer that comes before its rules would be closed to all.
  depends_on = [aws_vpc_security_group_ingress_rule.clients, aws_vpc_security_group_egress_rule.gateway]
}

output "service_name" {
  description = "What the offices' endpoints name; null without `offices`."
  value       = one(dataplane_private_service.this[*].service_name)
}

output "connections" {
  description = "Who asked for a connection, and whether it is let in."
  value       = flatten(dataplane_private_service.this[*].connections)
}
