output "cluster" {
  description = "The argument `cluster` of resources and modules that work in it."
  value       = { eks = { name = aws_eks_cluster.this.name, region = var.region } }
}

output "api" {
  description = "The cluster's API as `modules/aws/private-api` takes it."
  value = {
    name              = aws_eks_cluster.this.name
    region            = var.region
    endpoint          = aws_eks_cluster.this.endpoint
    ca_certificate    = base64decode(aws_eks_cluster.this.certificate_authority[0].data)
    security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  }
}

output "issuer" {
  description = "The OIDC issuer, for `trust.irsa` of `modules/aws`."
  value       = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

output "log_group" {
  description = "Name of the log group of the control plane, with the audit log."
  value       = aws_cloudwatch_log_group.this.name
}

output "kms_key" {
  description = "ARN of the key that encrypts Kubernetes' secrets."
  value       = local.kms_key
}
