output "role_arns" {
  description = "ARNs of the roles, by what they are for, to be handed over to the vendor."
  value       = { for access, role in aws_iam_role.this : access => role.arn }

  # No role that is handed over lacks what limits it.
  depends_on = [aws_iam_role_policy.denied, aws_iam_role_policy.granted]
}

output "permissions_boundary" {
  description = "ARN of the policy that every role has to have which the vendor makes: `role_settings.permissions_boundary` of `modules/aws`."
  value       = aws_iam_policy.boundary.arn
}

output "break_glass_open" {
  description = "Whether a window is set in which somebody may take `break_glass`."
  value       = anytrue([for statement in try(jsondecode(aws_iam_role.this["break_glass"].assume_role_policy).Statement, []) : statement.Effect == "Allow"])
}

output "session" {
  description = "What the vendor's sessions have to say of themselves, as `aws.assume_role` of the provider block takes it; `source_identity` is whoever works."
  value = {
    external_id = var.external_id
    tags        = { "dataplane:tenant" = var.tenant }
  }
}
