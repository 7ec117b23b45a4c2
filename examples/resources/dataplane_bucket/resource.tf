resource "dataplane_bucket" "metadata" {
  name         = "acme-prod-metadata"
  cors_origins = ["https://*.unionai.cloud"]

  expiration = [
    # Raw data that tasks leave behind. Metadata of runs never expires.
    { prefix = "raw/", days = 90 },
  ]

  tags = {
    data-class = "confidential"
  }
}
