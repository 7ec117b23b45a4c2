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

  aws = {
    region              = "eu-west-1"
    allowed_account_ids = ["123456789012"]
  }

  tags = {
    cost-center = "ml"
  }
}
