resource "dataplane_identity_provider" "cluster" {
  issuer    = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  audiences = ["sts.amazonaws.com"]
}

resource "dataplane_bucket" "metadata" {
  name = "acme-prod-metadata"
}

# Task pods of one project: its part of the metadata bucket, and nothing else.
resource "dataplane_role" "user" {
  name    = "userflyterole"
  profile = "user"

  buckets = {
    metadata = {
      id       = dataplane_bucket.metadata.id
      prefixes = [provider::dataplane::object_prefix("acme", "fraud", "production")]
    }
  }

  trust = {
    irsa = { provider_arn = dataplane_identity_provider.cluster.arn }
  }

  subjects = [
    { namespace = "fraud-production", service_account = "default" },
  ]
}
