# Each mistake is refused while planning, by the variable that has it.

mock_provider "aws" {}
mock_provider "dataplane" {}

variables {
  name = "acme-prod"
  network = {
    id         = "vpc-0fedcba9876543210"
    cidr       = "10.0.0.0/16"
    subnet_ids = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
  }
  client_ranges = ["10.20.0.0/16", "fd12:3456::/32"]
}

run "everybody" {
  command = plan

  variables {
    client_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.client_ranges]
}

run "everybody_in_halves" {
  command = plan

  variables {
    client_ranges = ["0.0.0.0/1", "128.0.0.0/1"]
  }

  expect_failures = [var.client_ranges]
}

run "everybody_by_the_other_family" {
  command = plan

  variables {
    client_ranges = ["::/0"]
  }

  expect_failures = [var.client_ranges]
}

run "half_of_the_other_family" {
  command = plan

  variables {
    client_ranges = ["10.20.0.0/16", "8000::/1"]
  }

  expect_failures = [var.client_ranges]
}

run "nobody" {
  command = plan

  variables {
    client_ranges = []
  }

  expect_failures = [var.client_ranges]
}

run "an_address_for_a_range" {
  command = plan

  variables {
    client_ranges = ["10.20.0.7/16"]
  }

  expect_failures = [var.client_ranges]
}

run "offices_of_everybody" {
  command = plan

  variables {
    offices = {
      load_balancer        = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/k8s-union-gateway/0123456789abcdef"
      allowed_principals   = ["*"]
      accepted_connections = ["vpce-0123456789abcdef0"]
    }
  }

  expect_failures = [var.offices]
}
