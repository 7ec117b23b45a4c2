# Each mistake is refused while planning, by the variable that has it.

mock_provider "aws" {}
mock_provider "dataplane" {}

variables {
  name  = "acme-prod"
  zones = ["eu-west-1a", "eu-west-1b"]
}

run "a_name_that_is_none" {
  command = plan

  variables {
    name = "Acme_Prod"
  }

  expect_failures = [var.name]
}

run "one_zone" {
  command = plan

  variables {
    zones = ["eu-west-1a"]
  }

  expect_failures = [var.zones]
}

run "a_zone_twice" {
  command = plan

  variables {
    zones = ["eu-west-1a", "eu-west-1a"]
  }

  expect_failures = [var.zones]
}

run "a_range_that_runs_out" {
  command = plan

  variables {
    cidr = "10.0.0.0/24"
  }

  expect_failures = [var.cidr]
}

run "a_range_that_another_network_has" {
  command = plan

  variables {
    other_ranges = { "the office" = "10.0.128.0/17" }
  }

  expect_failures = [output.network]
}
