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

  azure = {
    subscription_id       = "11111111-2222-3333-4444-555555555555"
    resource_group        = "acme-prod"
    location              = "westeurope"
    allowed_subscriptions = ["11111111-2222-3333-4444-555555555555"]
  }

  tags = {
    cost-center = "ml"
  }
}
