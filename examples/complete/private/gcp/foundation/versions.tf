terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    dataplane = {
      source  = "dataplane/dataplane"
      version = ">= 0.1, < 1.0"
    }
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 7.0"
    }
  }
}
