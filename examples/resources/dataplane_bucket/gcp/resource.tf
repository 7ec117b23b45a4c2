resource "dataplane_bucket" "metadata" {
  name         = "acme-prod-metadata"
  cors_origins = ["https://app.example.com"]

  expiration = [
    # Raw data that tasks leave behind. Metadata of runs never expires.
    { prefix = "raw/", days = 90 },
  ]

  # What is deleted by mistake comes back for two weeks.
  soft_delete_days = 14

  # Labels, on Google Cloud: lower case.
  tags = {
    data-class = "confidential"
  }
}
