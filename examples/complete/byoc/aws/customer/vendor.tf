# What the vendor's pipeline may do in this account: exactly what the data plane's own resources need, by their names. Roles are
# named one by one: a beginning such as "${var.name}-*" would cover the vendor's own role, and let the vendor write its rights.

data "dataplane_permissions" "vendor" {
  resources = ["bucket", "role", "identity_provider", "registry", "log_group", "secret", "cluster"]

  buckets  = ["${var.name}-metadata", "${var.name}-fast-registration"]
  secrets  = "${var.name}/"
  registry = var.name
  logs     = ["/dataplane/${var.name}"]

  names = {
    role              = ["adminflyterole", "userflyterole", "${var.name}-builder", "${var.name}-log-writer"]
    identity_provider = [data.aws_eks_cluster.this.identity[0].oidc[0].issuer]
    registry          = [var.name]
    log_group         = ["/dataplane/${var.name}"]
    cluster           = [var.cluster]
  }
}

resource "aws_iam_role" "vendor" {
  name                 = "${var.name}-vendor"
  description          = "The vendor's pipeline: provisions and maintains the data plane ${var.name}"
  max_session_duration = 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { AWS = sort(var.vendor.principals) }
        # Else another customer of the vendor could have it take this role.
        Condition = { StringEquals = { "sts:ExternalId" = var.vendor.external_id } }
      },
      {
        # What a session may say of itself: alone it opens nothing.
        Effect    = "Allow"
        Action    = ["sts:SetSourceIdentity", "sts:TagSession"]
        Principal = { AWS = sort(var.vendor.principals) }
      },
    ]
  })
}

resource "aws_iam_role_policy" "vendor" {
  name   = "data-plane"
  role   = aws_iam_role.vendor.name
  policy = data.dataplane_permissions.vendor.policy
}

# Whoever writes the policies of roles and who may take them has what these can have. So no role of the vendor's making can do more
# than the data plane's own do, which is what the provider's profiles say.
resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-boundary"
  description = "The most that roles of the data plane ${var.name} can do"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # Profiles share statements, and a Sid stands once in a policy. One statement stands without a list.
      for statement in toset(flatten([
        for profile in values(data.dataplane_permissions.vendor.profiles) : [
          for statement in flatten([jsondecode(profile).Statement]) : jsonencode({ for key, value in statement : key => value if key != "Sid" })
        ]
      ])) : jsondecode(statement)
    ]
  })
}

resource "aws_iam_role_policy" "boundary" {
  name = "boundary"
  role = aws_iam_role.vendor.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
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
    ]
  })
}

# In the cluster, the operator's roles and definitions are the vendor's to make.
resource "aws_eks_access_entry" "vendor" {
  cluster_name  = var.cluster
  principal_arn = aws_iam_role.vendor.arn
}

resource "aws_eks_access_policy_association" "vendor" {
  cluster_name  = var.cluster
  principal_arn = aws_eks_access_entry.vendor.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}
