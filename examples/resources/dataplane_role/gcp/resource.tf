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

  # The pool of the cluster's project.
  trust = {
    gke = { pool = "acme-prod-123456.svc.id.goog" }
  }

  subjects = [
    { namespace = "fraud-production", service_account = "default" },
  ]
}
