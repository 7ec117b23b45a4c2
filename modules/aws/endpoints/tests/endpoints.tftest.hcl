# What is made for a cluster without a way to the internet.

mock_provider "dataplane" {}

variables {
  name     = "acme-prod"
  region   = "eu-west-1"
  accounts = ["123456789012"]
  network = {
    id                         = "vpc-0123456789abcdef0"
    subnet_ids                 = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
    route_table_ids            = ["rtb-0cccccccccccccccc"]
    endpoint_security_group_id = "sg-0dddddddddddddddd"
  }
}

run "the_documented_list" {
  command = plan

  assert {
    condition = toset(keys(dataplane_private_endpoint.interface)) == toset([
      "autoscaling", "xray", "sts", "ecr.api", "ecr.dkr", "ssm", "ssmmessages", "ec2messages", "ec2", "logs", "eks-auth", "eks",
      "elasticloadbalancing", "secretsmanager", "kms",
    ]) && keys(dataplane_private_endpoint.gateway) == ["s3"]
    error_message = "These are what a cluster without a way out needs."
  }

  assert {
    condition     = dataplane_private_endpoint.interface["ecr.api"].name == "acme-prod-ecr-api" && dataplane_private_endpoint.interface["ecr.api"].service_name == "com.amazonaws.eu-west-1.ecr.api"
    error_message = "Names follow the data plane and the service."
  }

  assert {
    condition     = alltrue([for endpoint in dataplane_private_endpoint.interface : endpoint.private_dns && length(endpoint.subnets) == 2 && endpoint.security_groups == toset(["sg-0dddddddddddddddd"])])
    error_message = "Interfaces are in each subnet, behind the endpoints' group, by the services' own names."
  }

  assert {
    condition     = dataplane_private_endpoint.gateway["s3"].type == "gateway" && dataplane_private_endpoint.gateway["s3"].route_tables == toset(["rtb-0cccccccccccccccc"])
    error_message = "The gateway is a route."
  }
}

run "the_network_goes_on" {
  command = apply

  variables {
    network = {
      id                         = "vpc-0123456789abcdef0"
      cidr                       = "10.0.0.0/16"
      subnet_ids                 = ["subnet-0aaaaaaaaaaaaaaaa"]
      control_plane_subnet_ids   = ["subnet-0eeeeeeeeeeeeeeee"]
      route_table_ids            = ["rtb-0cccccccccccccccc"]
      endpoint_security_group_id = "sg-0dddddddddddddddd"
    }
  }

  assert {
    condition     = output.network.cidr == "10.0.0.0/16" && output.network.control_plane_subnet_ids == tolist(["subnet-0eeeeeeeeeeeeeeee"]) && output.network.endpoint_security_group_id == "sg-0dddddddddddddddd"
    error_message = "A cluster takes it from here."
  }
}

run "other_accounts_are_out_of_reach" {
  command = plan

  assert {
    condition = alltrue([
      for service in ["s3", "secretsmanager", "logs", "kms", "ecr.api", "ecr.dkr"] :
      jsondecode(local.policies[service]).Statement[0] == {
        Effect    = "Allow"
        Principal = "*"
        Action    = "*"
        Resource  = "*"
        Condition = { StringEquals = { "aws:PrincipalAccount" = ["123456789012"], "aws:ResourceAccount" = ["123456789012"] } }
      }
    ])
    error_message = "Who comes is ours, and so is what holds data."
  }

  assert {
    condition = alltrue([
      for service in ["autoscaling", "ec2", "elasticloadbalancing", "ssm", "sts", "xray"] :
      jsondecode(local.policies[service]).Statement[0].Condition.StringEquals == { "aws:PrincipalAccount" = ["123456789012"] }
    ])
    error_message = "Others' credentials do nothing."
  }

  assert {
    condition = {
      for service, policy in local.policies : service => [
        for statement in jsondecode(policy).Statement : [statement.Action, statement.Resource] if !can(statement.Condition)
      ] if strcontains(policy, "Action") && length([for statement in jsondecode(policy).Statement : statement if !can(statement.Condition)]) > 0
      } == {
      s3  = [["s3:GetObject", "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"]]
      sts = [["sts:AssumeRoleWithWebIdentity", ["arn:aws:iam::123456789012:role/*"]]]
    }
    error_message = "Without an identity of ours: layers of images, which ECR signs for, and tokens for roles of ours."
  }

  assert {
    condition     = [for statement in jsondecode(local.policies["ecr.dkr"]).Statement : statement.Action if !can(statement.Condition.StringEquals["aws:ResourceAccount"])] == [["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]]
    error_message = "Of others' repositories images are pulled, and no more."
  }

  assert {
    condition     = dataplane_private_endpoint.gateway["s3"].policy == local.policies["s3"] && dataplane_private_endpoint.interface["sts"].policy == local.policies["sts"] && dataplane_private_endpoint.interface["ecr.api"].policy == local.policies["ecr.api"] && !can(local.policies["eks"])
    error_message = "Each endpoint has its own."
  }
}

run "a_registrys_account_is_trusted_as_well" {
  command = plan

  variables {
    accounts = ["210987654321", "123456789012"]
    region   = "us-gov-west-1"
  }

  assert {
    condition     = jsondecode(local.policies["ecr.api"]).Statement[0].Condition.StringEquals["aws:ResourceAccount"] == ["123456789012", "210987654321"]
    error_message = "Both are trusted."
  }

  assert {
    condition     = jsondecode(local.policies["sts"]).Statement[1].Resource == ["arn:aws-us-gov:iam::123456789012:role/*", "arn:aws-us-gov:iam::210987654321:role/*"]
    error_message = "In the partition of the region."
  }
}

run "everybodys_accounts_if_that_is_said" {
  command = plan

  variables {
    accounts = ["*"]
  }

  assert {
    condition     = alltrue([for policy in [dataplane_private_endpoint.gateway["s3"].policy, dataplane_private_endpoint.interface["sts"].policy] : jsondecode(policy).Statement == [{ Effect = "Allow", Principal = "*", Action = "*", Resource = "*" }]])
    error_message = "Whoever may do it at all: it is said, since an endpoint keeps the policy that it has."
  }
}

run "everybody_beside_an_account" {
  command = plan

  variables {
    accounts = ["*", "123456789012"]
  }

  expect_failures = [var.accounts]
}

run "nobodys_accounts" {
  command = plan

  variables {
    accounts = []
  }

  expect_failures = [var.accounts]
}

run "a_region_whose_services_have_other_names" {
  command = plan

  variables {
    region = "cn-north-1"
  }

  expect_failures = [var.region]
}

run "policies" {
  command = plan

  variables {
    policies = { s3 = jsonencode({ Version = "2012-10-17", Statement = [] }) }
  }

  assert {
    condition     = dataplane_private_endpoint.gateway["s3"].policy == jsonencode({ Version = "2012-10-17", Statement = [] }) && local.policies["sts"] != null
    error_message = "The policy that is given is the gateway's; the others keep theirs."
  }
}

run "a_policy_for_nothing" {
  command = plan

  variables {
    policies = { sqs = "{}" }
  }

  expect_failures = [var.policies]
}

run "a_whole_name" {
  command = plan

  variables {
    services = ["com.amazonaws.eu-west-1.sts"]
  }

  expect_failures = [var.services]
}

run "a_gateway_that_none_has" {
  command = plan

  variables {
    gateways = ["sqs"]
  }

  expect_failures = [var.gateways]
}

run "what_is_no_region" {
  command = plan

  variables {
    region = "eu-west-1a"
  }

  expect_failures = [var.region]
}
