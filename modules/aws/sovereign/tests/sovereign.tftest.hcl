# Clients reach the balancer, and nobody else.

mock_provider "aws" {
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0aaaaaaaaaaaaaaaa" }
  }
}

mock_provider "dataplane" {
  mock_resource "dataplane_private_service" {
    defaults = { service_name = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0" }
  }
}

variables {
  name = "acme-prod"
  network = {
    id         = "vpc-0fedcba9876543210"
    cidr       = "10.0.0.0/16"
    subnet_ids = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
  }
  client_ranges = ["10.20.0.0/16", "fd12:3456::/32"]
}

run "clients_and_nobody_else" {
  command = apply

  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.clients)) == toset(["10.20.0.0/16", "fd12:3456::/32"]) && alltrue([for rule in aws_vpc_security_group_ingress_rule.clients : rule.from_port == 443 && rule.to_port == 443 && rule.ip_protocol == "tcp"])
    error_message = "Each range of clients reaches 443."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.clients["fd12:3456::/32"].cidr_ipv6 == "fd12:3456::/32" && aws_vpc_security_group_ingress_rule.clients["fd12:3456::/32"].cidr_ipv4 == null && aws_vpc_security_group_ingress_rule.clients["10.20.0.0/16"].cidr_ipv4 == "10.20.0.0/16" && aws_vpc_security_group_ingress_rule.clients["10.20.0.0/16"].cidr_ipv6 == null
    error_message = "A range is one of its family."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.gateway.cidr_ipv4 == "10.0.0.0/16"
    error_message = "The balancer reaches the network, and nothing beyond."
  }

  assert {
    condition     = output.service.annotations["service.beta.kubernetes.io/aws-load-balancer-scheme"] == "internal" && output.service.annotations["service.beta.kubernetes.io/aws-load-balancer-security-groups"] == "sg-0aaaaaaaaaaaaaaaa" && output.service.annotations["service.beta.kubernetes.io/aws-load-balancer-subnets"] == "subnet-0aaaaaaaaaaaaaaaa,subnet-0bbbbbbbbbbbbbbbb"
    error_message = "The balancer is internal, in the private subnets, and has the group of clients."
  }

  assert {
    condition     = length([for name, value in output.service.annotations : name if strcontains(name, "private-link")]) == 0
    error_message = "Nobody passes the group as long as there are no offices."
  }

  assert {
    condition     = output.service.load_balancer_source_ranges == tolist(["10.20.0.0/16", "fd12:3456::/32"]) && output.service.class == "service.k8s.aws/nlb"
    error_message = "The Service says the same ranges."
  }

  assert {
    condition     = length(dataplane_private_service.this) == 0 && output.service_name == null && length(output.connections) == 0
    error_message = "Nothing is published unless somebody asks for it."
  }
}

run "offices_of_another_account" {
  command = apply

  variables {
    offices = {
      load_balancer        = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/k8s-union-gateway/0123456789abcdef"
      allowed_principals   = ["arn:aws:iam::210987654321:root"]
      accepted_connections = ["vpce-0123456789abcdef0"]
    }
  }

  assert {
    condition     = dataplane_private_service.this[0].load_balancer == var.offices.load_balancer && dataplane_private_service.this[0].accepted_connections == toset(["vpce-0123456789abcdef0"]) && !dataplane_private_service.this[0].auto_accept
    error_message = "The balancer is published, and each connection accepted by name."
  }

  assert {
    condition     = output.service_name == "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
    error_message = "Offices are told what to name."
  }

  assert {
    condition     = output.service.annotations["service.beta.kubernetes.io/aws-load-balancer-inbound-sg-rules-on-private-link-traffic"] == "off"
    error_message = "The group knows no addresses of offices: it would drop what their connection brings."
  }
}
