# What depends on the way does not start before the customer let it in.

mock_provider "aws" {
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0aaaaaaaaaaaaaaaa" }
  }
}

mock_provider "dataplane" {}

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

run "nobody_accepted_yet" {
  command = apply

  variables {
    dns = false
  }

  override_resource {
    target = dataplane_private_endpoint.this
    values = {
      state  = "pending_acceptance"
      remedy = "Its owner must accept vpce-0123456789abcdef0."
    }
  }

  expect_failures = [dataplane_private_endpoint.this]
}
