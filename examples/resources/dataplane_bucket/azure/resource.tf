# A container, with the storage account around it.
resource "dataplane_bucket" "metadata" {
  account      = "acmeprodmeta"
  name         = "metadata"
  cors_origins = ["https://*.unionai.cloud"]

  expiration = [
    # Raw data that tasks leave behind. Metadata of runs never expires.
    { prefix = "raw/", days = 90 },
  ]

  # What is deleted by mistake comes back for two weeks.
  soft_delete_days = 14

  tags = {
    data-class = "confidential"
  }
}
