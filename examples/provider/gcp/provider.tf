terraform {
  required_version = ">= 1.11"

  required_providers {
    dataplane = {
      source  = "dataplane/dataplane"
      version = "~> 0.1"
    }
  }
}

provider "dataplane" {
  # The mark on everything this configuration makes; nothing without it is ever changed.
  owner = "acme-prod"

  gcp = {
    project          = "acme-prod-123456"
    region           = "europe-west4"
    allowed_projects = ["acme-prod-123456"]
  }

  tags = {
    cost-center = "ml"
  }
}
