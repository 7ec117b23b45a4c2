# Who may take which role, when, and what it can never do.

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
      by_access = {
        provision   = "{\"Statement\":[{\"Sid\":\"Provision\"}]}"
        maintain    = "{\"Statement\":[{\"Sid\":\"Maintain\"}]}"
        deprovision = "{\"Statement\":[{\"Sid\":\"Deprovision\"}]}"
        break_glass = "{\"Statement\":[{\"Sid\":\"BreakGlass\"}]}"
      }
      profiles = {
        admin = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"ReadObjects\",\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::acme-prod-metadata/*\"},{\"Sid\":\"ReadSecrets\",\"Effect\":\"Allow\",\"Action\":[\"secretsmanager:GetSecretValue\"],\"Resource\":\"arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme-prod/*\"}]}"
        # One statement stands without a list.
        user = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Sid\":\"ReadObjects\",\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::acme-prod-metadata/*\"}}"
      }
    }
  }
}

variables {
  tenant      = "acme-prod"
  external_id = "acme-7f3b9c21"
  principals = {
    provision   = ["arn:aws:iam::111122223333:role/pipeline"]
    maintain    = ["arn:aws:iam::111122223333:role/pipeline"]
    deprovision = ["arn:aws:iam::111122223333:role/pipeline"]
    break_glass = ["arn:aws:iam::111122223333:role/on-call"]
  }
  data_plane = {
    resources = ["bucket", "cluster", "identity_provider", "log_group", "registry", "role", "secret"]
    buckets   = ["acme-prod-metadata", "acme-prod-fast-registration"]
    secrets   = "acme-prod/"
    logs      = ["/dataplane/acme-prod"]
    registry  = "acme-prod"
    names = {
      cluster           = ["prod"]
      identity_provider = ["https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"]
      role              = ["adminflyterole", "userflyterole", "/acme/prod/*"]
    }
  }
  cluster = { name = "prod" }
}

run "four_roles_with_what_is_printed_for_each" {
  command = apply

  assert {
    condition = { for access, policy in aws_iam_role_policy.granted : access => jsondecode(policy.policy).Statement[0].Sid } == {
      provision   = "Provision"
      maintain    = "Maintain"
      deprovision = "Deprovision"
      break_glass = "BreakGlass"
    }
    error_message = "What a role may do is what is printed for it."
  }

  assert {
    condition     = keys(output.role_arns) == ["break_glass", "deprovision", "maintain", "provision"] && alltrue([for access, policy in aws_iam_role_policy.granted : policy.role == aws_iam_role.this[access].name])
    error_message = "Each role is handed over, with its own policy."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.path == "/dataplane-vendor/" && role.max_session_duration == 3600])
    error_message = "They lie below a path of their own, and a session lasts an hour."
  }

  assert {
    condition     = data.dataplane_permissions.this.names == tomap(var.data_plane.names) && data.dataplane_permissions.this.logs == toset(["/dataplane/acme-prod"]) && data.dataplane_permissions.this.registry == "acme-prod" && data.dataplane_permissions.this.resources == toset(["bucket", "cluster", "identity_provider", "log_group", "registry", "role", "secret"])
    error_message = "The policies are narrowed to the data plane."
  }

  assert {
    condition     = data.dataplane_permissions.this.kms_keys != null && length(data.dataplane_permissions.this.kms_keys) == 0
    error_message = "Keys that nobody named are none, and not all."
  }
}

run "nobody_takes_a_role_without_saying_who_it_is" {
  command = apply

  assert {
    condition = alltrue([
      for access in ["provision", "maintain", "deprovision"] :
      jsondecode(aws_iam_role.this[access].assume_role_policy).Statement[0] == {
        Sid       = "Vendor"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { AWS = ["arn:aws:iam::111122223333:role/pipeline"] }
        Condition = {
          StringEquals                = { "sts:ExternalId" = "acme-7f3b9c21", "aws:RequestTag/dataplane:tenant" = "acme-prod" }
          StringLike                  = { "sts:SourceIdentity" = "?*" }
          "ForAllValues:StringEquals" = { "aws:TagKeys" = ["dataplane:incident", "dataplane:operator", "dataplane:tenant"] }
        }
      }
    ])
    error_message = "An external id, the tenant, a source identity, and no other tags."
  }

  assert {
    condition = alltrue(flatten([
      for role in aws_iam_role.this : [
        for statement in jsondecode(role.assume_role_policy).Statement :
        statement.Effect == "Deny" || try(length(statement.Condition) > 0 && statement.Principal.AWS == ["arn:aws:iam::111122223333:role/pipeline"], false)
      ]
    ]))
    error_message = "Nothing is let in without a condition, and nobody but who is named."
  }

  assert {
    condition     = jsonencode(output.session) == jsonencode({ external_id = "acme-7f3b9c21", tags = { "dataplane:tenant" = "acme-prod" } })
    error_message = "The vendor is told what its sessions have to say."
  }
}

run "glass_is_whole_by_default" {
  command = apply

  assert {
    condition     = jsondecode(aws_iam_role.this["break_glass"].assume_role_policy).Statement == [{ Sid = "NotBroken", Effect = "Deny", Action = "sts:AssumeRole", Principal = { AWS = "*" } }] && !output.break_glass_open
    error_message = "Nobody takes the role."
  }

  assert {
    condition     = length([for statement in jsondecode(aws_iam_role_policy.denied["break_glass"].policy).Statement : statement if statement.Effect == "Deny" && statement.Action == "*" && statement.Resource == "*" && !can(statement.Condition)]) == 1
    error_message = "Sessions that still run are denied everything."
  }

  assert {
    condition     = keys(aws_eks_access_entry.this) == ["deprovision", "maintain", "provision"]
    error_message = "The cluster does not know it."
  }

  assert {
    condition     = length([for access in ["provision", "maintain", "deprovision"] : access if length([for statement in jsondecode(aws_iam_role_policy.denied[access].policy).Statement : statement if statement.Action == "*"]) > 0]) == 0
    error_message = "The others are not shut with it."
  }
}

run "glass_is_broken_for_an_incident_and_a_time" {
  command = apply

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-01T20:00:00Z", incident = "INC-4711" }
  }

  assert {
    condition = jsondecode(aws_iam_role.this["break_glass"].assume_role_policy).Statement[0] == {
      Sid       = "Vendor"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = ["arn:aws:iam::111122223333:role/on-call"] }
      Condition = {
        DateGreaterThanEquals       = { "aws:CurrentTime" = "2026-03-01T08:00:00Z" }
        DateLessThan                = { "aws:CurrentTime" = "2026-03-01T20:00:00Z" }
        StringEquals                = { "sts:ExternalId" = "acme-7f3b9c21", "aws:RequestTag/dataplane:tenant" = "acme-prod", "aws:RequestTag/dataplane:incident" = "INC-4711" }
        StringLike                  = { "sts:SourceIdentity" = "?*" }
        "ForAllValues:StringEquals" = { "aws:TagKeys" = ["dataplane:incident", "dataplane:operator", "dataplane:tenant"] }
      }
    }
    error_message = "In the window, and for the incident."
  }

  assert {
    condition     = output.break_glass_open
    error_message = "It is said that a window is set."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.denied["break_glass"].policy).Statement : statement.Sid => jsonencode(statement.Condition) if statement.Action == "*" } == {
      ForElse  = jsonencode({ StringNotEquals = { "aws:PrincipalTag/dataplane:incident" = "INC-4711" } })
      OfBefore = jsonencode({ DateLessThan = { "aws:TokenIssueTime" = "2026-03-01T08:00:00Z" } })
      TooEarly = jsonencode({ DateLessThan = { "aws:CurrentTime" = "2026-03-01T08:00:00Z" } })
      TooLate  = jsonencode({ DateGreaterThanEquals = { "aws:CurrentTime" = "2026-03-01T20:00:00Z" } })
    }
    error_message = "Sessions are held to the same at every call."
  }

  assert {
    condition     = aws_eks_access_policy_association.this["break_glass"].policy_arn == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    error_message = "The cluster lets it look."
  }
}

run "the_vendor_writes_no_rights_of_its_own" {
  command = apply

  assert {
    condition = alltrue([
      for access, role in aws_iam_role.this : alltrue([
        for statement in [
          { Sid = "RolesAreBounded", Effect = "Deny", Action = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"], Resource = "*", Condition = { StringNotEquals = { "iam:PermissionsBoundary" = "arn:aws:iam::123456789012:policy/dataplane-vendor/acme-prod-boundary" } } },
          { Sid = "AndStaySo", Effect = "Deny", Action = "iam:DeleteRolePermissionsBoundary", Resource = "*" },
        ] : contains([for found in jsondecode(aws_iam_role_policy.denied[access].policy).Statement : jsonencode(found)], jsonencode(statement))
      ])
    ])
    error_message = "A role without the boundary is neither made nor given rights, and no boundary is taken away."
  }

  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.denied : length(setsubtract(
        concat([for role in aws_iam_role.this : role.arn], [aws_iam_policy.boundary.arn]),
        flatten([for statement in jsondecode(policy.policy).Statement : statement.Resource if statement.Action == "iam:*" && statement.Effect == "Deny"]),
      )) == 0
    ])
    error_message = "No role of the vendor's does anything to one of them, or to the boundary."
  }

  assert {
    condition     = sort([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : jsonencode(statement.Action) if statement.Effect == "Allow"]) == tolist(["\"s3:GetObject\"", "[\"secretsmanager:GetSecretValue\"]"]) && output.permissions_boundary == aws_iam_policy.boundary.arn
    error_message = "The boundary is what the profiles' policies say, each statement once."
  }
}

run "a_role_that_nobody_may_take_is_not_made" {
  command = apply

  variables {
    principals = { maintain = ["arn:aws:iam::111122223333:role/pipeline"] }
    cluster    = null
  }

  assert {
    condition     = keys(aws_iam_role.this) == ["maintain"] && length(aws_eks_access_entry.this) == 0
    error_message = "Only what is asked for."
  }
}

run "what_bears_no_mark_is_the_customers" {
  command = apply

  assert {
    condition = { for access, policy in aws_iam_role_policy.denied : access => [for statement in jsondecode(policy.policy).Statement : statement.Condition if statement.Sid == "NothingUnmarked" && statement.Effect == "Deny" && statement.Resource == "*"] } == {
      provision   = []
      maintain    = [{ Null = { "aws:ResourceTag/dataplane:owner" = "true" } }]
      deprovision = [{ Null = { "aws:ResourceTag/dataplane:owner" = "true" } }]
      break_glass = []
    }
    error_message = "Who changes and who removes does so to what the provider made."
  }

  assert {
    condition = length(setsubtract(
      ["ecr:Delete*", "iam:Add*", "iam:Delete*", "iam:Put*", "iam:Update*", "logs:Delete*", "logs:Put*", "secretsmanager:DeleteSecret", "secretsmanager:Put*"],
      flatten([for statement in jsondecode(aws_iam_role_policy.denied["maintain"].policy).Statement : statement.Action if statement.Sid == "NothingUnmarked"]),
    )) == 0
    error_message = "Whatever has tags that conditions can be on."
  }

  assert {
    condition     = !anytrue([for action in flatten([for statement in jsondecode(aws_iam_role_policy.denied["maintain"].policy).Statement : statement.Action if statement.Sid == "NothingUnmarked"]) : can(regex(":(\\*|Get|List|Describe)", action))])
    error_message = "Looking is not denied: that something is another's has to be seen."
  }
}

run "a_trust_policy_has_an_end" {
  command = plan

  variables {
    principals = { provision = [for number in range(12) : "arn:aws:iam::111122223333:role/pipelines/of/the/vendor/pipeline-${number}"] }
  }

  expect_failures = [aws_iam_role.this["provision"]]
}

run "an_external_id_is_required" {
  command = plan

  variables {
    external_id = ""
  }

  expect_failures = [var.external_id]
}

run "everybody_in_an_account_is_too_many" {
  command = plan

  variables {
    principals = { provision = ["arn:aws:iam::111122223333:root"] }
  }

  expect_failures = [var.principals]
}

run "a_wildcard_is_nobody" {
  command = plan

  variables {
    principals = { provision = ["arn:aws:iam::111122223333:role/*"] }
  }

  expect_failures = [var.principals]
}

run "somebody_has_to_be_named" {
  command = plan

  variables {
    principals = {}
  }

  expect_failures = [var.principals]
}

run "a_break_glass_window_has_an_end" {
  command = plan

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-02T14:00:00Z", incident = "INC-4711" }
  }

  expect_failures = [var.break_glass]
}

run "a_break_glass_window_ends_after_it_begins" {
  command = plan

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-01T08:00:00Z", incident = "INC-4711" }
  }

  expect_failures = [var.break_glass]
}

run "times_of_a_window_are_times" {
  command = plan

  variables {
    break_glass = { not_before = "today", not_after = "tomorrow", incident = "INC-4711" }
  }

  expect_failures = [var.break_glass]
}

run "glass_is_broken_for_an_incident" {
  command = plan

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-01T09:00:00Z" }
  }

  expect_failures = [var.break_glass]
}

run "buckets_have_to_be_named" {
  command = plan

  variables {
    data_plane = {
      resources = ["bucket", "role"]
      buckets   = []
      secrets   = "acme-prod/"
      names     = { role = ["adminflyterole"] }
    }
  }

  expect_failures = [var.data_plane]
}

run "secrets_have_to_be_named" {
  command = plan

  variables {
    data_plane = {
      resources = ["role", "secret"]
      buckets   = ["acme-prod-metadata"]
      secrets   = ""
      names     = { role = ["adminflyterole"] }
    }
  }

  expect_failures = [var.data_plane]
}

run "log_groups_have_to_be_named" {
  command = plan

  variables {
    data_plane = {
      resources = ["log_group", "role"]
      buckets   = ["acme-prod-metadata"]
      secrets   = "acme-prod/"
      names     = { role = ["adminflyterole"] }
    }
  }

  expect_failures = [var.data_plane]
}

run "a_registry_has_to_be_named" {
  command = plan

  variables {
    data_plane = {
      resources = ["registry", "role"]
      buckets   = ["acme-prod-metadata"]
      secrets   = "acme-prod/"
      names     = { role = ["adminflyterole"] }
    }
  }

  expect_failures = [var.data_plane]
}

run "an_identity_provider_has_to_be_named" {
  command = plan

  variables {
    data_plane = {
      resources = ["identity_provider", "role"]
      buckets   = ["acme-prod-metadata"]
      secrets   = "acme-prod/"
      names     = { role = ["adminflyterole"] }
    }
  }

  expect_failures = [var.data_plane]
}

run "a_cluster_has_to_be_named" {
  command = plan

  variables {
    data_plane = {
      resources = ["cluster", "role"]
      buckets   = ["acme-prod-metadata"]
      secrets   = "acme-prod/"
      names     = { role = ["adminflyterole"] }
    }
  }

  expect_failures = [var.data_plane]
}

run "everything_is_no_name" {
  command = plan

  variables {
    data_plane = {
      resources = ["log_group", "role"]
      buckets   = ["acme-prod-metadata"]
      secrets   = "acme-prod/"
      names     = { role = ["adminflyterole"], log_group = ["*"] }
    }
  }

  expect_failures = [var.data_plane]
}

run "names_do_as_well_and_marks_are_enough_for_connections" {
  command = plan

  variables {
    data_plane = {
      resources = ["bucket", "log_group", "private_endpoint", "private_service", "registry", "role", "secret"]
      buckets   = []
      secrets   = "acme-prod/"
      names     = { role = ["adminflyterole"], bucket = ["acme-prod-*"], log_group = ["/dataplane/acme-prod*"], registry = ["acme-prod/*"] }
      owners    = ["acme-prod"]
    }
  }

  assert {
    condition     = data.dataplane_permissions.this.names == tomap(var.data_plane.names) && data.dataplane_permissions.this.owners == toset(["acme-prod"])
    error_message = "What is named in names is named, and whose marks are asked for is said."
  }
}

run "roles_have_to_be_named" {
  command = plan

  variables {
    data_plane = { resources = ["bucket", "role"], buckets = ["acme-prod-metadata"], secrets = "acme-prod/", names = {} }
  }

  expect_failures = [var.data_plane]
}

run "a_beginning_of_names_covers_what_is_others" {
  command = plan

  variables {
    data_plane = { resources = ["bucket", "role"], buckets = ["acme-prod-metadata"], secrets = "acme-prod/", names = { role = ["acme-prod-*"] } }
  }

  expect_failures = [var.data_plane]
}

run "the_vendors_own_path_is_not_its_own" {
  command = plan

  variables {
    data_plane = { resources = ["bucket", "role"], buckets = ["acme-prod-metadata"], secrets = "acme-prod/", names = { role = ["/dataplane-vendor/*"] } }
  }

  expect_failures = [var.data_plane]
}

run "nor_a_role_in_it" {
  command = plan

  variables {
    data_plane = { resources = ["bucket", "role"], buckets = ["acme-prod-metadata"], secrets = "acme-prod/", names = { role = ["dataplane-vendor/acme-prod-provision"] } }
  }

  expect_failures = [var.data_plane]
}

run "nor_a_path_that_it_lies_in" {
  command = plan

  variables {
    path       = "/acme/vendor/"
    data_plane = { resources = ["bucket", "role"], buckets = ["acme-prod-metadata"], secrets = "acme-prod/", names = { role = ["/acme/*"] } }
  }

  expect_failures = [var.data_plane]
}

run "the_vendors_roles_have_a_path" {
  command = plan

  variables {
    path = "/"
  }

  expect_failures = [var.path]
}

run "policies_of_the_cluster_go_by_role" {
  command = plan

  variables {
    cluster = { name = "prod", policies = { everybody = "AmazonEKSClusterAdminPolicy" } }
  }

  expect_failures = [var.cluster]
}
