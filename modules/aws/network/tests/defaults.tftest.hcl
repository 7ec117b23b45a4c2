# What is made when only a name and zones are given.

mock_provider "aws" {}
mock_provider "dataplane" {}

variables {
  name  = "acme-prod"
  zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
}

run "each_zone_has_a_private_subnet" {
  command = plan

  assert {
    condition     = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block } == { eu-west-1a = "10.0.0.0/18", eu-west-1b = "10.0.64.0/18", eu-west-1c = "10.0.128.0/18" }
    error_message = "A quarter of the range is each zone's."
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.control_plane : zone => subnet.cidr_block } == { eu-west-1a = "10.0.192.0/28", eu-west-1b = "10.0.192.16/28", eu-west-1c = "10.0.192.32/28" }
    error_message = "The control plane's interfaces have subnets that pods cannot fill."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.tags["kubernetes.io/role/internal-elb"] == "1" && !subnet.map_public_ip_on_launch])
    error_message = "Internal load balancers find the private subnets, and nothing in them gets a public address."
  }

  assert {
    condition     = aws_vpc.this[0].enable_dns_support && aws_vpc.this[0].enable_dns_hostnames
    error_message = "Private names need both."
  }
}

run "nothing_leads_to_the_internet" {
  command = plan

  assert {
    condition     = length(aws_internet_gateway.this) == 0 && length(aws_nat_gateway.this) == 0 && length(aws_subnet.public) == 0 && length(aws_route.nat) == 0 && length(aws_route.public) == 0
    error_message = "Without nat there is neither gateway nor route."
  }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.endpoints : "${rule.cidr_ipv4} ${rule.from_port}-${rule.to_port}"] == ["10.0.0.0/16 443-443"]
    error_message = "Endpoints take HTTPS from the network, and nothing else."
  }
}

run "who_talks_to_whom_is_logged" {
  command = plan

  assert {
    condition     = aws_flow_log.this[0].traffic_type == "ALL" && aws_cloudwatch_log_group.flow_logs[0].retention_in_days == 90
    error_message = "All traffic is logged for 90 days."
  }
}

run "no_flow_logs" {
  command = plan

  variables {
    flow_logs = null
  }

  assert {
    condition     = length(aws_flow_log.this) + length(aws_iam_role.flow_logs) + length(aws_cloudwatch_log_group.flow_logs) == 0
    error_message = "Nothing of them is made."
  }
}

run "a_gateway_in_each_zone" {
  command = plan

  variables {
    nat = {}
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-west-1a", "eu-west-1b", "eu-west-1c"] && keys(aws_route.nat) == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    error_message = "Each zone has its own way out."
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.public : zone => subnet.cidr_block } == { eu-west-1a = "10.0.193.0/24", eu-west-1b = "10.0.194.0/24", eu-west-1c = "10.0.195.0/24" }
    error_message = "Public subnets share no addresses with the others."
  }
}

run "one_gateway_for_all" {
  command = plan

  variables {
    nat = { per_zone = false }
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-west-1a"] && length(aws_route.nat) == 3
    error_message = "All zones leave through the first one's gateway."
  }
}

run "the_network_as_others_take_it" {
  command = apply

  assert {
    condition     = length(output.network.subnet_ids) == 3 && length(output.network.control_plane_subnet_ids) == 3 && length(output.network.route_table_ids) == 3 && output.network.id == aws_vpc.this[0].id && output.network.endpoint_security_group_id == aws_security_group.endpoints.id
    error_message = "The output holds what was made."
  }

  assert {
    condition     = jsondecode(aws_iam_role.flow_logs[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == aws_vpc.this[0].owner_id
    error_message = "No other account can have the service write here."
  }

  assert {
    condition = length(setsubtract(
      ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      flatten([for statement in jsondecode(aws_iam_role_policy.flow_logs[0].policy).Statement : statement.Action]),
    )) == 0
    error_message = "The service has all that AWS asks for: else it delivers nothing, and silently."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.flow_logs[0].policy).Statement :
      alltrue([for resource in flatten([statement.Resource]) : startswith(resource, aws_cloudwatch_log_group.flow_logs[0].arn)]) || flatten([statement.Action]) == ["logs:DescribeLogGroups"]
    ])
    error_message = "It writes to its own log group only."
  }
}
