output "customer" {
  description = "What is handed over to the vendor; nothing in it is secret."
  value = merge(module.private_api.hand_over, {
    account_id           = var.account_id
    name                 = var.name
    issuer               = data.aws_eks_cluster.this.identity[0].oidc[0].issuer
    permissions_boundary = aws_iam_policy.boundary.arn
  })

  # The vendor has no right that is not bounded.
  depends_on = [aws_iam_role_policy.boundary]
}

output "connections" {
  description = "Who asked to be let in, and how it stands."
  value       = module.private_api.connections
}
