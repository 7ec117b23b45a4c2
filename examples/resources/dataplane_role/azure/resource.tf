resource "dataplane_bucket" "metadata" {
  account = "acmeprodmeta"
  name    = "metadata"
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

  # The cluster's OIDC issuer: data.dataplane_cluster gives it.
  trust = {
    azure = { issuer = "https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000/" }
  }

  subjects = [
    { namespace = "fraud-production", service_account = "default" },
  ]
}
