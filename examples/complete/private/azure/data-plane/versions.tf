terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.55, < 5.0"
    }
    dataplane = {
      source  = "dataplane/dataplane"
      version = ">= 0.1, < 1.0"
    }
  }
}
