# What is made for a cluster without a way to the internet.

mock_provider "dataplane" {}

variables {
  name   = "acme-prod"
  region = "eu-west-1"
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

run "policies" {
  command = plan

  variables {
    policies = { s3 = jsonencode({ Version = "2012-10-17", Statement = [] }) }
  }

  assert {
    condition     = dataplane_private_endpoint.gateway["s3"].policy != null
    error_message = "The policy is the gateway's."
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
