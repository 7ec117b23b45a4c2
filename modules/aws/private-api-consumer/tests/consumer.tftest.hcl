# The vendor's side, once the customer handed over.

mock_provider "aws" {
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0aaaaaaaaaaaaaaaa" }
  }
}

mock_provider "dataplane" {
  mock_resource "dataplane_private_endpoint" {
    defaults = {
      state         = "available"
      connection_id = "vpce-0123456789abcdef0"
    }
  }
}

variables {
  name = "acme-prod"
  customer = {
    service_name = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
    server_name  = "0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
  }
  network = {
    id         = "vpc-0fedcba9876543210"
    cidr       = "10.20.0.0/16"
    subnet_ids = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
  }
}

run "the_apis_own_name_leads_to_the_endpoint" {
  command = plan

  assert {
    condition     = aws_route53_record.this[0].name == lower(var.customer.server_name) && aws_route53_record.this[0].type == "A" && one(aws_route53_zone.this[0].vpc).vpc_id == "vpc-0fedcba9876543210"
    error_message = "The API's own name leads to the endpoint, in this network only."
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.clients) == ["10.20.0.0/16"] && aws_vpc_security_group_ingress_rule.clients["10.20.0.0/16"].from_port == 443
    error_message = "The network reaches the endpoint."
  }
}

run "some_clients_and_no_zone" {
  command = apply

  variables {
    clients = ["10.20.7.0/24"]
    dns     = false
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.clients) == ["10.20.7.0/24"] && length(aws_route53_zone.this) == 0 && length(aws_route53_record.this) == 0
    error_message = "Only the clients reach the endpoint, by its own name."
  }

  assert {
    condition     = output.connection == "vpce-0123456789abcdef0" && output.cluster_endpoint.server_name == var.customer.server_name && dataplane_private_endpoint.this.security_groups == toset(["sg-0aaaaaaaaaaaaaaaa"])
    error_message = "The customer is told what to accept, and clients what name to check."
  }
}
