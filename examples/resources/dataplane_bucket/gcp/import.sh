terraform import dataplane_bucket.metadata acme-prod-metadata
