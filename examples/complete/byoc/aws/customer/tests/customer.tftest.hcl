# What the customer grants, and what it can take back.

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
      policy = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
      profiles = {
        admin = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"ReadObjects\",\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::acme-prod-metadata/*\"},{\"Sid\":\"ReadSecrets\",\"Effect\":\"Allow\",\"Action\":[\"secretsmanager:GetSecretValue\"],\"Resource\":\"arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme-prod/*\"}]}"
        # One statement stands without a list.
        log_writer = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Sid\":\"WriteLogs\",\"Effect\":\"Allow\",\"Action\":\"logs:PutLogEvents\",\"Resource\":\"arn:aws:logs:eu-west-1:123456789012:log-group:/dataplane/acme-prod:*\"}}"
        user       = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"ReadObjects\",\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::acme-prod-metadata/*\"}]}"
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
    external_id = "acme-7f3b9c21"
  }
}

run "the_vendor_cannot_write_its_own_rights" {
  command = apply

  assert {
    condition = alltrue([
      for name in data.dataplane_permissions.vendor.names["role"] :
      !can(regex("^${replace(name, "*", ".*")}$", aws_iam_role.vendor.name))
    ])
    error_message = "The roles that the vendor may change do not cover its own."
  }

  assert {
    condition     = alltrue([for name in data.dataplane_permissions.vendor.names["role"] : !endswith(name, "*")])
    error_message = "Roles are named one by one: a beginning covers what others call theirs, as the nodes' role or the function's."
  }

  assert {
    condition     = data.dataplane_permissions.vendor.names["identity_provider"] == toset(["https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"])
    error_message = "Identity providers of other clusters are not the vendor's."
  }
}

run "no_role_does_more_than_the_data_planes_own" {
  command = apply

  assert {
    condition = length([
      for statement in jsondecode(aws_iam_role_policy.boundary.policy).Statement : statement
      if statement.Effect == "Deny" && statement.Resource == "*" && length(setsubtract(["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"], flatten([statement.Action]))) == 0 && try(statement.Condition == { StringNotEquals = { "iam:PermissionsBoundary" = "arn:aws:iam::123456789012:policy/acme-prod-boundary" } }, false)
    ]) == 1
    error_message = "A role without the customer's boundary is neither made nor given rights."
  }

  assert {
    condition = length([
      for statement in jsondecode(aws_iam_role_policy.boundary.policy).Statement : statement
      if statement.Effect == "Deny" && statement.Resource == "*" && contains(flatten([statement.Action]), "iam:DeleteRolePermissionsBoundary") && !can(statement.Condition)
    ]) == 1
    error_message = "The boundary is not the vendor's to take away."
  }

  assert {
    condition     = aws_iam_role_policy.boundary.role == aws_iam_role.vendor.name && output.customer.permissions_boundary == aws_iam_policy.boundary.arn
    error_message = "It holds for the vendor, who is told of it."
  }

  assert {
    condition     = sort([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : jsonencode(statement.Action)]) == tolist(["\"logs:PutLogEvents\"", "\"s3:GetObject\"", "[\"secretsmanager:GetSecretValue\"]"])
    error_message = "The boundary is what the profiles' policies say, each statement once."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : !can(statement.Sid)])
    error_message = "Two statements of the same name would be refused."
  }
}

run "a_session_is_the_vendors_for_this_customer" {
  command = apply

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role.vendor.assume_role_policy).Statement :
      !contains(flatten([statement.Action]), "sts:AssumeRole") || try(statement.Condition.StringEquals["sts:ExternalId"] == "acme-7f3b9c21", false)
    ])
    error_message = "Nobody takes the role without this customer's external id."
  }

  assert {
    condition = length(setsubtract(["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"], flatten([
      for statement in jsondecode(aws_iam_role.vendor.assume_role_policy).Statement : statement.Action
    ]))) == 0
    error_message = "A session may bear tags and a source identity."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role.vendor.assume_role_policy).Statement : statement.Principal.AWS == ["arn:aws:iam::111122223333:role/pipeline"]])
    error_message = "Nobody but the vendor's pipeline is trusted."
  }
}
