terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.7, < 3.0"
    }
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.25, < 7.0"
    }
    dataplane = {
      source  = "dataplane/dataplane"
      version = ">= 0.1, < 1.0"
    }
  }
}
