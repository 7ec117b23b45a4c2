# Whom the customer lets in, and as what. What each role can do and who may take it: the tests of modules/aws/vendor-access.

mock_provider "aws" {
  mock_data "aws_eks_cluster" {
    defaults = {
      endpoint              = "https://0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      certificate_authority = [{ data = "LS0tLS1CRUdJTg==" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF" }] }]
      vpc_config            = [{ cluster_security_group_id = "sg-0cccccccccccccccc" }]
    }
  }
  mock_data "aws_vpc" {
    defaults = {
      id                   = "vpc-0123456789abcdef0"
      cidr_block           = "10.0.0.0/16"
      enable_dns_support   = true
      enable_dns_hostnames = true
    }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/some" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/acme-prod-boundary" }
  }
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme-prod-api/0123456789abcdef" }
  }
}

mock_provider "archive" {}

mock_provider "dataplane" {
  mock_data "dataplane_permissions" {
    defaults = {
      by_access = {
        provision   = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
        maintain    = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
        deprovision = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
        break_glass = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
      }
      profiles = {
        user = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::acme-prod-metadata/*\"}]}"
      }
    }
  }
}

override_data {
  target = module.network.data.aws_subnet.existing["subnet-0aaaaaaaaaaaaaaaa"]
  values = {
    vpc_id                     = "vpc-0123456789abcdef0"
    availability_zone          = "eu-west-1a"
    map_public_ip_on_launch    = false
    available_ip_address_count = 4000
    tags                       = { "kubernetes.io/role/internal-elb" = "1" }
  }
}

override_data {
  target = module.network.data.aws_subnet.existing["subnet-0bbbbbbbbbbbbbbbb"]
  values = {
    vpc_id                     = "vpc-0123456789abcdef0"
    availability_zone          = "eu-west-1b"
    map_public_ip_on_launch    = false
    available_ip_address_count = 4000
    tags                       = { "kubernetes.io/role/internal-elb" = "1" }
  }
}

variables {
  account_id = "123456789012"
  region     = "eu-west-1"
  cluster    = "prod"
  network = {
    vpc_id          = "vpc-0123456789abcdef0"
    subnet_ids      = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
    route_table_ids = ["rtb-0cccccccccccccccc"]
  }
  vendor = {
    principals  = ["arn:aws:iam::111122223333:role/pipeline"]
    on_call     = ["arn:aws:iam::111122223333:role/on-call"]
    external_id = "acme-7f3b9c21"
  }
}

run "the_vendor_is_told_of_a_role_for_each_purpose" {
  command = apply

  assert {
    condition     = keys(output.customer.role_arns) == tolist(["break_glass", "deprovision", "maintain", "provision"])
    error_message = "Which role is for what is handed over."
  }

  assert {
    condition     = output.customer.permissions_boundary == "arn:aws:iam::123456789012:policy/acme-prod-boundary"
    error_message = "The vendor is told of the boundary that its roles have to have."
  }
}

run "glass_is_whole_by_default" {
  command = apply

  assert {
    condition     = !output.break_glass_open
    error_message = "Nobody takes break_glass before the customer says so."
  }
}

run "glass_is_broken_for_an_incident_and_a_time" {
  command = apply

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-01T12:00:00Z", incident = "INC-4711" }
  }

  assert {
    condition     = output.break_glass_open
    error_message = "In a window, for an incident."
  }
}

run "nobody_is_called" {
  command = apply

  variables {
    vendor = { principals = ["arn:aws:iam::111122223333:role/pipeline"], external_id = "acme-7f3b9c21" }
  }

  assert {
    condition     = keys(output.customer.role_arns) == tolist(["deprovision", "maintain", "provision"]) && !output.break_glass_open
    error_message = "A role that nobody may take is not made."
  }
}

run "an_external_id_is_required" {
  command = plan

  variables {
    vendor = { principals = ["arn:aws:iam::111122223333:role/pipeline"], external_id = "" }
  }

  expect_failures = [var.vendor]
}

run "everybody_of_the_vendors_account" {
  command = plan

  variables {
    vendor = { principals = ["arn:aws:iam::111122223333:role/pipeline"], on_call = ["arn:aws:iam::111122223333:root"], external_id = "acme-7f3b9c21" }
  }

  expect_failures = [var.vendor]
}

run "every_role_of_the_vendors_account" {
  command = plan

  variables {
    vendor = { principals = ["arn:aws:iam::111122223333:role/*"], external_id = "acme-7f3b9c21" }
  }

  expect_failures = [var.vendor]
}
