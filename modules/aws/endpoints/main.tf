# Over an endpoint without a policy, whoever has credentials of any account reaches that account with them, and brings there what the network
# holds. So identities have to be of the accounts that are trusted, and what is called as well, where a request says whose that is.
locals {
  partition  = startswith(var.region, "us-gov-") ? "aws-us-gov" : "aws"
  trusted    = sort(var.accounts)
  identities = { "aws:PrincipalAccount" = local.trusted }
  anything   = { Effect = "Allow", Principal = "*", Action = "*", Resource = "*", Condition = { StringEquals = local.identities } }
  ours       = merge(local.anything, { Condition = { StringEquals = merge(local.identities, { "aws:ResourceAccount" = local.trusted }) } })

  # EKS keeps images of its add-ons in accounts of its own.
  pulls = merge(local.anything, { Action = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] })

  # ECR signs what leads to an image's layers.
  layers = {
    Effect    = "Allow"
    Principal = "*"
    Action    = "s3:GetObject"
    Resource  = "arn:${local.partition}:s3:::prod-${var.region}-starport-layer-bucket/*"
  }

  # Who comes with a pod's token has no identity yet; the roles are ours.
  tokens = {
    Effect    = "Allow"
    Principal = "*"
    Action    = "sts:AssumeRoleWithWebIdentity"
    Resource  = [for account in local.trusted : "arn:${local.partition}:iam::${account}:role/*"]
  }

  statements = merge(
    { for service in ["autoscaling", "ec2", "elasticloadbalancing", "ssm", "xray"] : service => [local.anything] },
    { for service in ["dynamodb", "kms", "logs", "secretsmanager"] : service => [local.ours] },
    { for service in ["ecr.api", "ecr.dkr"] : service => [local.ours, local.pulls] },
    { s3 = [local.ours, local.layers], sts = [local.anything, local.tokens] },
  )

  # An endpoint keeps the policy that it has, so that everybody is let in has to be said.
  everybody = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "*", Resource = "*" }] })

  policies = merge(
    {
      for service, statements in local.statements : service =>
      contains(var.accounts, "*") ? local.everybody : jsonencode({ Version = "2012-10-17", Statement = statements })
    },
    var.policies,
  )
}

resource "dataplane_private_endpoint" "interface" {
  for_each = var.services

  name            = "${var.name}-${replace(each.key, ".", "-")}"
  service_name    = "com.amazonaws.${var.region}.${each.key}"
  network         = var.network.id
  subnets         = var.network.subnet_ids
  security_groups = [var.network.endpoint_security_group_id]
  policy          = lookup(local.policies, each.key, null)
  # Clients keep calling the service by its public name.
  private_dns = true
  tags        = var.tags
}

resource "dataplane_private_endpoint" "gateway" {
  for_each = var.gateways

  name         = "${var.name}-${each.key}"
  service_name = "com.amazonaws.${var.region}.${each.key}"
  type         = "gateway"
  network      = var.network.id
  route_tables = var.network.route_table_ids
  policy       = lookup(local.policies, each.key, null)
  tags         = var.tags
}
