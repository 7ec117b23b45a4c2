# Each mistake is refused while planning, by the variable that has it.

mock_provider "aws" {}
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

run "everybody" {
  command = plan

  variables {
    clients = ["0.0.0.0/0"]
  }

  expect_failures = [var.clients]
}

run "a_service_of_the_cloud" {
  command = plan

  variables {
    customer = {
      service_name = "com.amazonaws.eu-west-1.s3"
      server_name  = "example.eks.amazonaws.com"
    }
  }

  expect_failures = [var.customer]
}

run "an_address_for_a_name" {
  command = plan

  variables {
    customer = {
      service_name = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
      server_name  = "https://example.eks.amazonaws.com:443"
    }
  }

  expect_failures = [var.customer]
}
