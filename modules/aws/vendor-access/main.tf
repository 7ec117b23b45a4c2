# What each role may do is printed from the table that the provider itself works by.
data "dataplane_permissions" "this" {
  resources = var.data_plane.resources
  buckets   = var.data_plane.buckets
  secrets   = var.data_plane.secrets
  logs      = var.data_plane.logs
  registry  = var.data_plane.registry
  kms_keys  = var.data_plane.kms_keys
  names     = var.data_plane.names
  owners    = var.data_plane.owners
}

data "aws_partition" "this" {}

locals {
  principals = { for access, principals in var.principals : access => sort(principals) if length(principals) > 0 }
}

resource "aws_iam_role" "this" {
  for_each = local.principals

  name                 = "${var.tenant}-${replace(each.key, "_", "-")}"
  path                 = var.path
  description          = "The vendor of the data plane of ${var.tenant}: ${replace(each.key, "_", " ")}"
  assume_role_policy   = local.trust[each.key]
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  lifecycle {
    precondition {
      condition     = length(local.trust[each.key]) <= 2048
      error_message = "The trust policy of ${each.key} would be ${length(local.trust[each.key])} characters long, and IAM takes 2048: name fewer roles of the vendor's, or ones with shorter paths."
    }
  }
}

resource "aws_iam_role_policy" "granted" {
  for_each = aws_iam_role.this

  name   = "granted"
  role   = each.value.name
  policy = data.dataplane_permissions.this.by_access[each.key]

  # Never without it, not for the moment between the two either.
  depends_on = [aws_iam_role_policy.denied]

  lifecycle {
    precondition {
      condition     = each.key != "provision" || length(local.unbounded) == 0
      error_message = "Roles that the vendor is to make are there already, and without the boundary: ${join(", ", local.unbounded)}. By their trust, provision would have all that they may. Call the data plane's differently, remove these, or give them the boundary: aws iam put-role-permissions-boundary."
    }
  }
}

locals {
  # Names are what a vendor is held to; the mark tells apart, among objects of these names, what the customer made itself. Nothing bears one
  # before it is made, so it cannot be asked of `provision`. Tags of buckets are no condition unless each bucket is set to it.
  unmarked_denied = [{
    Sid    = "NothingUnmarked"
    Effect = "Deny"
    Action = [
      "ecr:Delete*", "ecr:Put*", "ecr:TagResource", "ecr:UntagResource",
      "iam:Add*", "iam:Delete*", "iam:Detach*", "iam:Put*", "iam:Remove*", "iam:Tag*", "iam:Untag*", "iam:Update*",
      "logs:Associate*", "logs:Delete*", "logs:Disassociate*", "logs:Put*", "logs:TagResource", "logs:UntagResource",
      "secretsmanager:DeleteSecret", "secretsmanager:Put*", "secretsmanager:TagResource", "secretsmanager:UntagResource", "secretsmanager:Update*",
    ]
    Resource  = "*"
    Condition = { Null = { "aws:ResourceTag/dataplane:owner" = "true" } }
  }]
}

resource "aws_iam_role_policy" "denied" {
  for_each = aws_iam_role.this

  name = "denied"
  role = each.value.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "RolesAreBounded"
          Effect    = "Deny"
          Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
          Resource  = "*"
          Condition = { StringNotEquals = { "iam:PermissionsBoundary" = aws_iam_policy.boundary.arn } }
        },
        {
          Sid      = "AndStaySo"
          Effect   = "Deny"
          Action   = "iam:DeleteRolePermissionsBoundary"
          Resource = "*"
        },
        {
          Sid      = "NothingOfItsOwn"
          Effect   = "Deny"
          Action   = "iam:*"
          Resource = concat([for role in aws_iam_role.this : role.arn], [aws_iam_policy.boundary.arn])
        },
      ],
      [for statement in local.unmarked_denied : statement if contains(["maintain", "deprovision"], each.key)],
      [for statement in local.glass_denied : statement if each.key == "break_glass"],
    )
  })
}

resource "aws_eks_access_entry" "this" {
  for_each = {
    for access, role in aws_iam_role.this : access => role
    if can(var.cluster.policies[access]) && (access != "break_glass" || var.break_glass != null)
  }

  cluster_name  = var.cluster.name
  principal_arn = each.value.arn
  tags          = var.tags
}

resource "aws_eks_access_policy_association" "this" {
  for_each = aws_eks_access_entry.this

  cluster_name  = each.value.cluster_name
  principal_arn = each.value.principal_arn
  policy_arn    = "arn:${data.aws_partition.this.partition}:eks::aws:cluster-access-policy/${var.cluster.policies[each.key]}"

  access_scope {
    type = "cluster"
  }
}
