# The addresses of EKS' interfaces change. A function keeps the targets what they are: told of interfaces that come and go, and
# every five minutes, in case it was not told.

data "archive_file" "targets" {
  type        = "zip"
  source_file = "${path.module}/targets/targets.py"
  output_path = "${path.module}/targets/.terraform/targets.zip"
  # Else the archive, and with it the function, differs between people whose files have other modes.
  output_file_mode = "0644"
}

resource "aws_cloudwatch_log_group" "targets" {
  name              = "/aws/lambda/${var.name}-api-targets"
  retention_in_days = 90
  tags              = var.tags
}

resource "aws_iam_role" "targets" {
  name                 = "${var.name}-api-targets"
  permissions_boundary = var.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "targets" {
  name = "targets"
  role = aws_iam_role.targets.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Neither call can be narrowed to a resource.
        Effect   = "Allow"
        Action   = ["ec2:DescribeNetworkInterfaces", "elasticloadbalancing:DescribeTargetHealth"]
        Resource = "*"
      },
      {
        Effect   = "Allow"
        Action   = ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"]
        Resource = aws_lb_target_group.this.arn
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.targets.arn}:*"
      },
    ]
  })
}

resource "aws_lambda_function" "targets" {
  function_name    = "${var.name}-api-targets"
  description      = "Keeps the targets of ${aws_lb.this.name} the addresses of the API of ${var.cluster.name}"
  role             = aws_iam_role.targets.arn
  runtime          = "python3.13"
  handler          = "targets.handler"
  filename         = data.archive_file.targets.output_path
  source_code_hash = data.archive_file.targets.output_base64sha256
  memory_size      = 128
  timeout          = 30
  tags             = var.tags

  environment {
    variables = {
      CLUSTER      = var.cluster.name
      NETWORK      = var.network.id
      TARGET_GROUP = aws_lb_target_group.this.arn
    }
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.targets.name
  }

  depends_on = [aws_iam_role_policy.targets]
}

locals {
  triggers = {
    interfaces = {
      description = "An interface of the control plane of ${var.cluster.name} came or went"
      schedule    = null
      pattern = jsonencode({
        source      = ["aws.ec2"]
        detail-type = ["AWS API Call via CloudTrail"]
        detail = {
          eventSource     = ["ec2.amazonaws.com"]
          eventName       = ["AttachNetworkInterface", "CreateNetworkInterface", "DeleteNetworkInterface"]
          sourceIPAddress = ["eks.amazonaws.com"]
        }
      })
    }
    schedule = {
      description = "In case an event was lost"
      schedule    = "rate(5 minutes)"
      pattern     = null
    }
  }
}

resource "aws_cloudwatch_event_rule" "targets" {
  for_each = local.triggers

  name                = "${var.name}-api-${each.key}"
  description         = each.value.description
  event_pattern       = each.value.pattern
  schedule_expression = each.value.schedule
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "targets" {
  for_each = local.triggers

  rule = aws_cloudwatch_event_rule.targets[each.key].name
  arn  = aws_lambda_function.targets.arn
}

resource "aws_lambda_permission" "targets" {
  for_each = local.triggers

  statement_id  = each.key
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.targets.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.targets[each.key].arn
}

# The first targets, within the first apply.
resource "aws_lambda_invocation" "targets" {
  function_name = aws_lambda_function.targets.function_name
  input         = "{}"

  triggers = { function = data.archive_file.targets.output_base64sha256 }

  depends_on = [aws_lb_listener.this]
}

# What a run says by itself: that there is nothing to lead to, or why it failed.
resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "${var.name}-api-targets"
  log_group_name = aws_cloudwatch_log_group.targets.name
  pattern        = "{ $.level = \"ERROR\" }"

  metric_transformation {
    name      = "${var.name}-api-targets-errors"
    namespace = "dataplane"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-api-targets"
  alarm_description   = "The targets of ${aws_lb.this.name} could not be kept right: the vendor's way to the API of ${var.cluster.name} may close"
  namespace           = "dataplane"
  metric_name         = "${var.name}-api-targets-errors"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  tags                = var.tags
}

locals {
  # What a function cannot say by itself.
  alarms = {
    # Also runs that took too long or did not get as far as the code.
    failed = { metric = "Errors", comparison = "GreaterThanThreshold", threshold = 0, missing = "notBreaching" }
    # Throttled, or no longer called.
    silent = { metric = "Invocations", comparison = "LessThanThreshold", threshold = 1, missing = "breaching" }
  }
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.alarms

  alarm_name          = "${var.name}-api-targets-${each.key}"
  alarm_description   = "The function that keeps the targets of ${aws_lb.this.name} ${each.key == "failed" ? "fails" : "does not run"}: the vendor's way to the API of ${var.cluster.name} may close"
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = aws_lambda_function.targets.function_name }
  statistic           = "Sum"
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = each.value.missing
  alarm_actions       = var.alarm_actions
  tags                = var.tags

  # Its first run is the first that there is to count.
  depends_on = [aws_lambda_invocation.targets]
}
