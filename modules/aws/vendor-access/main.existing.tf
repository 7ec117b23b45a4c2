# IAM asks for no boundary where a trust is changed, so a role that is there already, without one, would be `provision`'s with all that it may.

locals {
  role_names = try(var.data_plane.names["role"], toset([]))

  # A role's name is its account's, whatever path is before it.
  named = [for name in local.role_names : reverse(split("/", name))[0] if !endswith(name, "*")]
}

data "aws_iam_roles" "named" {
  name_regex = "^(${join("|", [for name in local.named : replace(replace(name, ".", "\\."), "+", "\\+")])})$"
}

data "aws_iam_roles" "below" {
  for_each = toset([for name in local.role_names : trimsuffix(name, "*") if endswith(name, "*")])

  path_prefix = each.key
}

data "aws_iam_role" "existing" {
  for_each = toset(concat(tolist(data.aws_iam_roles.named.names), flatten([for found in values(data.aws_iam_roles.below) : tolist(found.names)])))

  name = each.key
}

locals {
  unbounded = [for role in data.aws_iam_role.existing : role.name if role.permissions_boundary != aws_iam_policy.boundary.arn]
}
