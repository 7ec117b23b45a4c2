# What a session of the vendor's has to say of itself.

mock_provider "aws" {}

mock_provider "dataplane" {}

mock_provider "dataplane" {
  alias = "vendor"
}

override_module {
  target = module.aws
}

override_module {
  target = module.operator
}

override_module {
  target = module.private_api
  outputs = {
    connection = "vpce-0123456789abcdef0"
    cluster_endpoint = {
      host        = "https://vpce-0123456789abcdef0-abcdefgh.vpce-svc-0123456789abcdef0.eu-west-1.vpce.amazonaws.com"
      server_name = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
    }
  }
}

variables {
  account_id = "111122223333"
  customer = {
    name         = "acme-prod"
    account_id   = "123456789012"
    region       = "eu-west-1"
    cluster      = "prod"
    issuer       = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
    service_name = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
    server_name  = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
    role_arns = {
      provision = "arn:aws:iam::123456789012:role/dataplane-vendor/acme-prod-provision"
    }
    permissions_boundary = "arn:aws:iam::123456789012:policy/dataplane-vendor/acme-prod-boundary"
  }
  external_id            = "acme-7f3b9c21"
  source_identity        = "pipeline-4711"
  network                = { id = "vpc-0123456789abcdef0", cidr = "10.20.0.0/16", subnet_ids = ["subnet-0aaaaaaaaaaaaaaaa"] }
  operator_image         = "registry.example.com/dataplane-operator@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  control_plane_endpoint = "https://acme.control.example.com"
}

run "the_apis_own_name_leads_there" {
  command = apply

  assert {
    condition     = output.cluster.private_endpoint == null && output.cluster.eks.name == "prod"
    error_message = "The zone does it, and nothing else is said."
  }
}

run "without_a_zone_the_endpoint_is_named" {
  command = apply

  variables {
    private_zone = false
  }

  assert {
    condition = output.cluster.private_endpoint == {
      host        = "https://vpce-0123456789abcdef0-abcdefgh.vpce-svc-0123456789abcdef0.eu-west-1.vpce.amazonaws.com"
      server_name = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
    }
    error_message = "The endpoint is called, and has to have the certificate of the API's own name."
  }
}

run "break_glass_is_no_role_of_terraforms" {
  command = plan

  variables {
    access = "break_glass"
  }

  expect_failures = [var.access]
}

run "nobody_works_without_a_name" {
  command = plan

  variables {
    source_identity = ""
  }

  expect_failures = [var.source_identity]
}
