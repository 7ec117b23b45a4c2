# A network that is there already is read and checked; each thing that would fail later is refused with what to do.

mock_provider "dataplane" {}

mock_provider "aws" {
  mock_data "aws_vpc" {
    defaults = {
      id                   = "vpc-0123456789abcdef0"
      cidr_block           = "10.0.0.0/16"
      enable_dns_support   = true
      enable_dns_hostnames = true
    }
  }

  override_data {
    target = data.aws_subnet.existing["subnet-0aaaaaaaaaaaaaaaa"]
    values = {
      vpc_id                     = "vpc-0123456789abcdef0"
      availability_zone          = "eu-west-1a"
      map_public_ip_on_launch    = false
      available_ip_address_count = 4000
      tags                       = { "kubernetes.io/role/internal-elb" = "1" }
    }
  }

  override_data {
    target = data.aws_subnet.existing["subnet-0bbbbbbbbbbbbbbbb"]
    values = {
      vpc_id                     = "vpc-0123456789abcdef0"
      availability_zone          = "eu-west-1b"
      map_public_ip_on_launch    = false
      available_ip_address_count = 4000
      tags                       = { "kubernetes.io/role/internal-elb" = "1" }
    }
  }
}

variables {
  name = "acme-prod"
  existing = {
    vpc_id          = "vpc-0123456789abcdef0"
    subnet_ids      = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
    route_table_ids = ["rtb-0cccccccccccccccc"]
  }
}

run "what_is_brought_is_used" {
  command = plan

  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.private) + length(aws_subnet.control_plane) + length(aws_route_table.private) + length(aws_flow_log.this) + length(aws_default_security_group.this) == 0
    error_message = "No network is made beside the one that was given."
  }

  assert {
    condition     = output.network.id == "vpc-0123456789abcdef0" && join(" ", output.network.subnet_ids) == "subnet-0aaaaaaaaaaaaaaaa subnet-0bbbbbbbbbbbbbbbb" && output.network.cidr == "10.0.0.0/16"
    error_message = "Others get the network that was given."
  }
}

run "pods_of_a_further_range_reach_endpoints" {
  command = plan

  override_data {
    target = data.aws_vpc.existing[0]
    values = {
      id                   = "vpc-0123456789abcdef0"
      cidr_block           = "10.0.0.0/16"
      enable_dns_support   = true
      enable_dns_hostnames = true
      cidr_block_associations = [
        { association_id = "vpc-cidr-assoc-0a", cidr_block = "10.0.0.0/16", state = "associated" },
        { association_id = "vpc-cidr-assoc-0b", cidr_block = "100.64.0.0/16", state = "associated" },
        { association_id = "vpc-cidr-assoc-0c", cidr_block = "10.9.0.0/16", state = "disassociated" },
      ]
    }
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.endpoints : rule.cidr_ipv4]) == toset(["10.0.0.0/16", "100.64.0.0/16"])
    error_message = "Endpoints take what comes from each range that the network has now."
  }
}

run "a_further_range_that_overlaps" {
  command = plan

  override_data {
    target = data.aws_vpc.existing[0]
    values = {
      id                   = "vpc-0123456789abcdef0"
      cidr_block           = "10.0.0.0/16"
      enable_dns_support   = true
      enable_dns_hostnames = true
      cidr_block_associations = [
        { association_id = "vpc-cidr-assoc-0a", cidr_block = "10.0.0.0/16", state = "associated" },
        { association_id = "vpc-cidr-assoc-0b", cidr_block = "100.64.0.0/16", state = "associated" },
      ]
    }
  }

  variables {
    other_ranges = { "the office" = "100.64.128.0/17" }
  }

  expect_failures = [output.network]
}

run "a_way_to_the_internet" {
  command = plan

  override_data {
    target = data.aws_route_table.existing["rtb-0cccccccccccccccc"]
    values = {
      routes = [{ cidr_block = "0.0.0.0/0", gateway_id = "igw-0123456789abcdef0" }]
    }
  }

  expect_failures = [output.network]
}

run "no_private_names" {
  command = plan

  override_data {
    target = data.aws_vpc.existing[0]
    values = {
      id                   = "vpc-0123456789abcdef0"
      cidr_block           = "10.0.0.0/16"
      enable_dns_support   = true
      enable_dns_hostnames = false
    }
  }

  expect_failures = [output.network]
}

run "one_zone_only" {
  command = plan

  variables {
    existing = {
      vpc_id          = "vpc-0123456789abcdef0"
      subnet_ids      = ["subnet-0aaaaaaaaaaaaaaaa"]
      route_table_ids = ["rtb-0cccccccccccccccc"]
    }
  }

  expect_failures = [output.network]
}

run "a_subnet_of_another_network" {
  command = plan

  override_data {
    target = data.aws_subnet.existing["subnet-0bbbbbbbbbbbbbbbb"]
    values = {
      vpc_id                     = "vpc-0fedcba9876543210"
      availability_zone          = "eu-west-1b"
      map_public_ip_on_launch    = false
      available_ip_address_count = 4000
      tags                       = { "kubernetes.io/role/internal-elb" = "1" }
    }
  }

  expect_failures = [output.network]
}

run "a_public_subnet" {
  command = plan

  override_data {
    target = data.aws_subnet.existing["subnet-0bbbbbbbbbbbbbbbb"]
    values = {
      vpc_id                     = "vpc-0123456789abcdef0"
      availability_zone          = "eu-west-1b"
      map_public_ip_on_launch    = true
      available_ip_address_count = 4000
      tags                       = { "kubernetes.io/role/internal-elb" = "1" }
    }
  }

  expect_failures = [output.network]
}

run "a_full_subnet_is_told_and_not_refused" {
  command = plan

  override_data {
    target = data.aws_subnet.existing["subnet-0bbbbbbbbbbbbbbbb"]
    values = {
      vpc_id                     = "vpc-0123456789abcdef0"
      availability_zone          = "eu-west-1b"
      map_public_ip_on_launch    = false
      available_ip_address_count = 15
      tags                       = { "kubernetes.io/role/internal-elb" = "1" }
    }
  }

  expect_failures = [check.free_addresses]
}

run "a_subnet_that_load_balancers_do_not_find" {
  command = plan

  override_data {
    target = data.aws_subnet.existing["subnet-0bbbbbbbbbbbbbbbb"]
    values = {
      vpc_id                     = "vpc-0123456789abcdef0"
      availability_zone          = "eu-west-1b"
      map_public_ip_on_launch    = false
      available_ip_address_count = 4000
      tags                       = {}
    }
  }

  expect_failures = [output.network]
}

run "ranges_that_overlap" {
  command = plan

  variables {
    other_ranges = { "the office" = "10.0.128.0/17" }
  }

  expect_failures = [output.network]
}

run "what_is_no_id" {
  command = plan

  variables {
    existing = {
      vpc_id          = "acme-prod"
      subnet_ids      = ["subnet-0aaaaaaaaaaaaaaaa"]
      route_table_ids = []
    }
  }

  expect_failures = [var.existing]
}
