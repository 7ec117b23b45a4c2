locals {
  secrets_prefix = coalesce(var.secrets_prefix, "${var.name}-")

  # Only what can be said without knowing values: what is made must not depend on another resource's outcome.
  make_identity_provider = var.trust.oidc != null && try(var.trust.oidc.issuer, null) != null
}

resource "dataplane_identity_provider" "this" {
  count = local.make_identity_provider ? 1 : 0

  issuer    = var.trust.oidc.issuer
  audiences = var.trust.oidc.audiences
}
