# Who has what the boundary names: pods of the cluster, and nobody whom the vendor lets in by a trust of its own.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/dataplane-vendor/acme-prod-boundary" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/dataplane-vendor/some" }
  }
}

mock_provider "dataplane" {
  mock_data "dataplane_permissions" {
    defaults = {
      by_access = { provision = "{}" }
      profiles  = { user = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::acme-prod-metadata/*\"}}" }
    }
  }
}

variables {
  tenant      = "acme-prod"
  external_id = "acme-7f3b9c21"
  principals  = { provision = ["arn:aws:iam::111122223333:role/pipeline"] }
  data_plane = {
    resources = ["bucket", "cluster", "identity_provider", "role"]
    buckets   = ["acme-prod-metadata"]
    secrets   = "acme-prod/"
    names = {
      cluster           = ["prod"]
      identity_provider = ["https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"]
      role              = ["adminflyterole"]
    }
  }
}

run "tokens_of_the_cluster" {
  command = apply

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement if statement.Effect == "Deny"] == [{
      Sid       = "InClusterOnly"
      Effect    = "Deny"
      Action    = "*"
      Resource  = "*"
      Condition = { StringNotEquals = { "aws:FederatedProvider" = ["arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"] } }
    }]
    error_message = "Who comes by a token of the named cluster's has what is allowed; a session of anybody else, whatever trust let it in, nothing."
  }
}

run "pods_by_the_agent" {
  command = apply

  variables {
    data_plane = {
      resources = ["bucket", "cluster", "role"]
      buckets   = ["acme-prod-metadata"]
      secrets   = "acme-prod/"
      names     = { cluster = ["prod"], role = ["adminflyterole"] }
    }
    pods = { networks = ["vpc-0123456789abcdef0"] }
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : jsonencode(statement.Condition) if statement.Effect == "Deny"] == [
      jsonencode({ StringNotLike = { "aws:PrincipalTag/eks-cluster-arn" = ["arn:aws:eks:*:123456789012:cluster/prod"] } }),
      jsonencode({ BoolIfExists = { "aws:ViaAWSService" = "false" }, StringNotEquals = { "aws:SourceVpc" = ["vpc-0123456789abcdef0"] } }),
    ]
    error_message = "EKS says which cluster a pod is of, and the network's endpoints where a call comes from."
  }
}

run "tokens_of_a_provider_that_is_the_customers" {
  command = apply

  variables {
    data_plane = {
      resources = ["bucket", "role"]
      buckets   = ["acme-prod-metadata"]
      secrets   = "acme-prod/"
      names     = { role = ["adminflyterole"] }
    }
    pods = { issuers = ["https://oidc.example.com/prod"], pod_identity = true }
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : jsonencode(statement.Condition) if statement.Effect == "Deny"] == [jsonencode({
      StringNotEquals = { "aws:FederatedProvider" = ["arn:aws:iam::123456789012:oidc-provider/oidc.example.com/prod"] }
      StringNotLike   = { "aws:PrincipalTag/eks-cluster-arn" = ["arn:aws:eks:*:123456789012:cluster/*"] }
    })]
    error_message = "Both ways are open where both are said, and no other."
  }
}

run "a_beginning_is_everybodys_issuer" {
  command = plan

  variables {
    pods = { issuers = ["https://oidc.eks.eu-west-1.amazonaws.com/id/*"] }
  }

  expect_failures = [var.pods]
}

run "some_way_has_to_be_open" {
  command = plan

  variables {
    pods = { issuers = [], pod_identity = false }
  }

  expect_failures = [var.pods]
}

run "also_where_the_provider_is_made" {
  command = plan

  variables {
    data_plane = {
      resources = ["bucket", "identity_provider", "role"]
      buckets   = ["acme-prod-metadata"]
      secrets   = "acme-prod/"
      names     = { identity_provider = ["https://oidc.eks.eu-west-1.amazonaws.com/id/*"], role = ["adminflyterole"] }
    }
  }

  expect_failures = [var.pods]
}

run "a_name_is_no_network" {
  command = plan

  variables {
    pods = { networks = ["prod"] }
  }

  expect_failures = [var.pods]
}

run "a_boundary_has_an_end" {
  command = plan

  variables {
    pods = { issuers = [for number in range(80) : "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF-${number}"] }
  }

  expect_failures = [aws_iam_policy.boundary]
}

run "roles_that_are_there_without_it" {
  command = plan

  override_data {
    target = data.aws_iam_roles.named
    values = { names = ["adminflyterole"] }
  }

  override_data {
    target = data.aws_iam_role.existing["adminflyterole"]
    values = { permissions_boundary = "" }
  }

  expect_failures = [aws_iam_role_policy.granted["provision"]]
}

run "roles_that_the_vendor_made" {
  command = apply

  override_data {
    target = data.aws_iam_roles.named
    values = { names = ["adminflyterole"] }
  }

  override_data {
    target = data.aws_iam_role.existing["adminflyterole"]
    values = { permissions_boundary = "arn:aws:iam::123456789012:policy/dataplane-vendor/acme-prod-boundary" }
  }

  assert {
    condition     = data.aws_iam_roles.named.name_regex == "^(adminflyterole)$" && length(local.unbounded) == 0
    error_message = "They have the boundary."
  }
}

run "roles_below_a_path" {
  command = plan

  variables {
    data_plane = {
      resources = ["bucket", "role"]
      buckets   = ["acme-prod-metadata"]
      secrets   = "acme-prod/"
      names     = { role = ["/acme/prod/*", "/acme/admin.role"] }
    }
  }

  override_data {
    target = data.aws_iam_roles.below["/acme/prod/"]
    values = { names = ["somebodys"] }
  }

  override_data {
    target = data.aws_iam_role.existing["somebodys"]
    values = { permissions_boundary = "arn:aws:iam::123456789012:policy/another" }
  }

  assert {
    condition     = data.aws_iam_roles.named.name_regex == "^(admin\\.role)$"
    error_message = "A role goes by its name, whatever path it has."
  }

  expect_failures = [aws_iam_role_policy.granted["provision"]]
}
