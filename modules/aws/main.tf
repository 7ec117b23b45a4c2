locals {
  secrets_prefix = coalesce(var.secrets_prefix, "${var.name}/")

  # Only what can be said without knowing values: what is made must not depend on another resource's outcome.
  make_identity_provider = var.trust.irsa != null && try(var.trust.irsa.issuer, null) != null
}

resource "dataplane_identity_provider" "this" {
  count = local.make_identity_provider ? 1 : 0

  issuer    = var.trust.irsa.issuer
  audiences = ["sts.amazonaws.com"]
  tags      = var.tags
}
