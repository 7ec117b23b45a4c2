terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    dataplane = {
      source  = "dataplane/dataplane"
      version = ">= 0.1, < 1.0"
    }
  }
}
