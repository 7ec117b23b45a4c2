# What stands between the vendor and the API.

mock_provider "aws" {
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme-prod-api/0123456789abcdef" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/acme-prod-api/0123456789abcdef" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0aaaaaaaaaaaaaaaa" }
  }
}

mock_provider "archive" {}
mock_provider "dataplane" {
  mock_resource "dataplane_private_service" {
    defaults = { service_name = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0" }
  }
}

variables {
  name = "acme-prod"
  cluster = {
    name              = "prod"
    region            = "eu-west-1"
    endpoint          = "https://0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
    ca_certificate    = "-----BEGIN CERTIFICATE-----"
    security_group_id = "sg-0cccccccccccccccc"
  }
  network = {
    id         = "vpc-0123456789abcdef0"
    subnet_ids = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
  }
  allowed_principals = ["arn:aws:iam::111122223333:role/dataplane-provision"]
}

run "the_balancer_is_reached_over_the_service_only" {
  command = apply

  assert {
    condition     = aws_lb.this.internal && aws_lb.this.load_balancer_type == "network" && aws_lb.this.enforce_security_group_inbound_rules_on_private_link_traffic == "off"
    error_message = "It is an internal network load balancer that takes what PrivateLink brings."
  }

  assert {
    condition     = aws_lb.this.security_groups == toset(["sg-0aaaaaaaaaaaaaaaa"]) && aws_vpc_security_group_ingress_rule.from_balancer.security_group_id == "sg-0cccccccccccccccc" && aws_vpc_security_group_ingress_rule.from_balancer.referenced_security_group_id == "sg-0aaaaaaaaaaaaaaaa" && aws_vpc_security_group_ingress_rule.from_balancer.cidr_ipv4 == null
    error_message = "The only inbound rule is the cluster's, from the balancer's group; the balancer's own group has none."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.to_cluster.referenced_security_group_id == "sg-0cccccccccccccccc" && aws_vpc_security_group_egress_rule.to_cluster.from_port == 443 && aws_vpc_security_group_egress_rule.to_cluster.to_port == 443
    error_message = "The balancer reaches the cluster's API and nothing else."
  }

  assert {
    condition     = aws_lb_target_group.this.target_type == "ip" && aws_lb_target_group.this.preserve_client_ip == "false" && aws_lb_listener.this.protocol == "TCP"
    error_message = "TLS is the API server's, and the vendor's addresses stay outside."
  }
}

run "nobody_is_let_in_unasked" {
  command = apply

  assert {
    condition     = dataplane_private_service.this.allowed_principals == toset(["arn:aws:iam::111122223333:role/dataplane-provision"]) && !dataplane_private_service.this.auto_accept && length(dataplane_private_service.this.accepted_connections) == 0
    error_message = "Who may ask is named, and nobody is accepted yet."
  }

  assert {
    condition     = output.hand_over.server_name == "0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com" && output.hand_over.service_name == dataplane_private_service.this.service_name
    error_message = "The vendor is told the service, and the name that the API's certificate has."
  }
}

run "the_function_may_change_its_own_targets_only" {
  command = apply

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.targets.policy).Statement :
      statement.Resource != "*" || alltrue([for action in statement.Action : strcontains(action, ":Describe")])
    ])
    error_message = "What changes something is narrowed to one resource."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.targets.policy).Statement[1].Resource == aws_lb_target_group.this.arn
    error_message = "Targets of other groups are not its own."
  }

  assert {
    condition     = coalesce(aws_lambda_function.targets.reserved_concurrent_executions, -1) == -1
    error_message = "Nothing is taken from the account's concurrency, of which new accounts have too little to reserve: two at once agree."
  }
}

run "the_archive_is_the_same_for_everybody" {
  command = apply

  assert {
    condition     = data.archive_file.targets.output_file_mode == "0644"
    error_message = "What the mode of a checkout's files is does not make another function."
  }
}

run "it_is_told_of_interfaces_and_looks_by_itself" {
  command = apply

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.targets["interfaces"].event_pattern).detail.sourceIPAddress == ["eks.amazonaws.com"] && jsondecode(aws_cloudwatch_event_rule.targets["interfaces"].event_pattern).detail.eventName == ["AttachNetworkInterface", "CreateNetworkInterface", "DeleteNetworkInterface"]
    error_message = "EKS' own changes of interfaces start it."
  }

  assert {
    condition     = aws_cloudwatch_event_rule.targets["schedule"].schedule_expression == "rate(5 minutes)" && length(aws_lambda_permission.targets) == 2 && aws_lambda_invocation.targets.input == "{}"
    error_message = "It runs every five minutes, and in the first apply."
  }
}

run "who_is_told_when_it_does_not_work" {
  command = apply

  variables {
    alarm_actions = ["arn:aws:sns:eu-west-1:123456789012:pager"]
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.function["failed"].namespace == "AWS/Lambda" && aws_cloudwatch_metric_alarm.function["failed"].metric_name == "Errors" && aws_cloudwatch_metric_alarm.function["failed"].dimensions == tomap({ FunctionName = "acme-prod-api-targets" })
    error_message = "A run that takes too long logs nothing, and counts as an error."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.function["silent"].metric_name == "Invocations" && aws_cloudwatch_metric_alarm.function["silent"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.function["silent"].treat_missing_data == "breaching"
    error_message = "A function that is throttled or never called shows by not running."
  }

  assert {
    condition     = alltrue([for alarm in concat([aws_cloudwatch_metric_alarm.errors], values(aws_cloudwatch_metric_alarm.function)) : alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:pager"])])
    error_message = "Each alarm tells whom it was told to."
  }
}

run "the_vendor_is_accepted" {
  command = apply

  variables {
    accepted_connections = ["vpce-0123456789abcdef0"]
  }

  assert {
    condition     = dataplane_private_service.this.accepted_connections == toset(["vpce-0123456789abcdef0"])
    error_message = "The connection that was told is accepted."
  }

  assert {
    condition     = length(dataplane_private_service.this.rejected_connections) == 0 && !dataplane_private_service.this.force_destroy
    error_message = "Nobody is cut off unless it was said."
  }
}

run "the_vendor_is_cut_off" {
  command = apply

  variables {
    rejected_connections = ["vpce-0123456789abcdef0"]
    force_destroy        = true
  }

  assert {
    condition     = dataplane_private_service.this.rejected_connections == toset(["vpce-0123456789abcdef0"]) && length(dataplane_private_service.this.accepted_connections) == 0
    error_message = "The connection that was told is rejected."
  }

  assert {
    condition     = dataplane_private_service.this.force_destroy
    error_message = "Destroying it does not wait for the vendor."
  }
}

run "accepted_and_rejected" {
  command = plan

  variables {
    accepted_connections = ["vpce-0123456789abcdef0", "vpce-0fedcba9876543210"]
    rejected_connections = ["vpce-0123456789abcdef0"]
  }

  expect_failures = [var.rejected_connections]
}

run "everybody" {
  command = plan

  variables {
    allowed_principals = ["*"]
  }

  expect_failures = [var.allowed_principals]
}

run "nobody" {
  command = plan

  variables {
    allowed_principals = []
  }

  expect_failures = [var.allowed_principals]
}

run "a_name_that_no_balancer_can_have" {
  command = plan

  variables {
    name = "acme-production-in-the-south-east"
  }

  expect_failures = [var.name]
}

run "an_endpoint_without_tls" {
  command = plan

  variables {
    cluster = {
      name              = "prod"
      region            = "eu-west-1"
      endpoint          = "http://10.0.0.1"
      ca_certificate    = ""
      security_group_id = "sg-0cccccccccccccccc"
    }
  }

  expect_failures = [var.cluster]
}
