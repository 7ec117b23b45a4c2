# Whose tokens are taken, when, and on what.

mock_provider "azurerm" {
  mock_resource "azurerm_user_assigned_identity" {
    defaults = {
      id           = "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme-vendor/providers/Microsoft.ManagedIdentity/userAssignedIdentities/some"
      principal_id = "11111111-2222-3333-4444-555555555555"
      client_id    = "66666666-2222-3333-4444-555555555555"
    }
  }
  mock_resource "azurerm_role_definition" {
    defaults = { role_definition_resource_id = "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/providers/Microsoft.Authorization/roleDefinitions/11111111-2222-3333-4444-555555555555" }
  }
}

mock_provider "dataplane" {
  mock_data "dataplane_permissions" {
    defaults = {
      by_access = {
        provision   = "{\"Actions\":[\"Provision\"],\"DataActions\":[]}"
        maintain    = "{\"Actions\":[\"Maintain\"],\"DataActions\":[]}"
        deprovision = "{\"Actions\":[\"Deprovision\"],\"DataActions\":[\"DeleteBlobs\"]}"
        break_glass = "{\"Actions\":[\"Look\"],\"DataActions\":[]}"
      }
    }
  }
}

variables {
  tenant      = "acme-prod"
  external_id = "acme-7f3b9c21"
  issuer      = "https://token.vendor.example"
  subjects = {
    provision   = ["pipeline"]
    maintain    = ["pipeline"]
    deprovision = ["pipeline"]
    break_glass = ["on-call"]
  }
  resource_group = {
    id         = "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme-data-plane"
    name       = "acme-data-plane"
    location   = "westeurope"
    identities = "acme-vendor"
  }
  cluster = { id = "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme/providers/Microsoft.ContainerService/managedClusters/prod" }
}

run "identities_with_what_is_printed_for_each" {
  command = apply

  assert {
    condition = jsonencode({ for name, role in azurerm_role_definition.this : name => [role.permissions[0].actions, role.permissions[0].data_actions] if endswith(name, "/data_plane") && endswith(role.scope, "/resourceGroups/acme-data-plane") }) == jsonencode({
      "break_glass/data_plane" = [["Look"], []]
      "deprovision/data_plane" = [["Deprovision"], ["DeleteBlobs"]]
      "maintain/data_plane"    = [["Maintain"], []]
      "provision/data_plane"   = [["Provision"], []]
    })
    error_message = "What is printed, in the data plane's group."
  }

  assert {
    condition = { for name, role in azurerm_role_definition.this : name => role.scope if endswith(name, "/cluster") } == {
      for access in ["break_glass", "deprovision", "maintain", "provision"] : "${access}/cluster" => "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme"
    } && alltrue([for name, assignment in azurerm_role_assignment.this : assignment.scope == var.cluster.id if endswith(name, "/cluster")])
    error_message = "A role is defined in the cluster's group, as Azure knows none defined on a resource, and assigned on the cluster."
  }

  assert {
    condition     = alltrue([for role in azurerm_role_definition.this : role.assignable_scopes == tolist([role.scope, "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme-vendor"])])
    error_message = "Who may write roles in the data plane's group does not rewrite these: they are the other group's as well."
  }

  assert {
    condition     = keys(output.client_ids) == ["break_glass", "deprovision", "maintain", "provision"] && alltrue([for identity in azurerm_user_assigned_identity.this : identity.resource_group_name == "acme-vendor"])
    error_message = "Four identities, out of the vendor's reach."
  }

  assert {
    condition     = alltrue([for credential in azurerm_federated_identity_credential.this : credential.audience == tolist(["api://AzureADTokenExchange/acme-7f3b9c21"]) && credential.issuer == "https://token.vendor.example" && credential.subject == "pipeline"])
    error_message = "Tokens for this customer, of who is named."
  }
}

run "glass_is_whole_by_default" {
  command = apply

  assert {
    condition     = !anytrue([for name in concat(keys(azurerm_role_assignment.this), keys(azurerm_role_assignment.in_cluster), keys(azurerm_federated_identity_credential.this)) : startswith(name, "break_glass")]) && !output.break_glass_open
    error_message = "Nothing is assigned, and no token is taken."
  }

  assert {
    condition     = keys(azurerm_role_assignment.in_cluster) == ["deprovision", "maintain", "provision"]
    error_message = "The others get in."
  }
}

run "glass_is_broken_in_its_window" {
  command = apply

  variables {
    break_glass = { not_before = timeadd(timestamp(), "-1h"), not_after = timeadd(timestamp(), "1h"), incident = "INC-4711" }
  }

  assert {
    condition     = azurerm_role_assignment.this["break_glass/data_plane"].description == "The vendor, for INC-4711" && azurerm_role_assignment.in_cluster["break_glass"].role_definition_name == "Azure Kubernetes Service RBAC Reader" && azurerm_federated_identity_credential.this["break_glass/on-call"].subject == "on-call" && output.break_glass_open
    error_message = "Assigned, and said what for."
  }
}

run "glass_is_whole_after_it" {
  command = apply

  variables {
    break_glass = { not_before = "2020-03-01T08:00:00Z", not_after = "2020-03-01T20:00:00Z", incident = "INC-4711" }
  }

  assert {
    condition     = !anytrue([for name in concat(keys(azurerm_role_assignment.this), keys(azurerm_role_assignment.in_cluster), keys(azurerm_federated_identity_credential.this)) : startswith(name, "break_glass")]) && !output.break_glass_open
    error_message = "What is applied after the window takes back what was assigned."
  }
}

run "applications_that_work_elsewhere_as_well" {
  command = apply

  variables {
    external_id = null
    issuer      = null
    subjects    = {}
    principals  = { provision = "aaaaaaaa-2222-3333-4444-555555555555", deprovision = "bbbbbbbb-2222-3333-4444-555555555555" }
  }

  assert {
    condition = { for name, assignment in azurerm_role_assignment.this : name => assignment.principal_id } == {
      "provision/cluster"      = "aaaaaaaa-2222-3333-4444-555555555555"
      "provision/data_plane"   = "aaaaaaaa-2222-3333-4444-555555555555"
      "deprovision/cluster"    = "bbbbbbbb-2222-3333-4444-555555555555"
      "deprovision/data_plane" = "bbbbbbbb-2222-3333-4444-555555555555"
    }
    error_message = "Each has what is printed for its purpose."
  }

  assert {
    condition     = keys(azurerm_role_definition.this) == keys(azurerm_role_assignment.this) && alltrue([for role in azurerm_role_definition.this : role.assignable_scopes == tolist([role.scope, "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme-vendor"])])
    error_message = "An application rewrites what it may no more than an identity does."
  }

  assert {
    condition     = length(azurerm_user_assigned_identity.this) == 0 && keys(azurerm_role_assignment.in_cluster) == ["deprovision", "provision"] && output.audience == null
    error_message = "No identities, and no tokens."
  }
}

run "one_application_for_all" {
  command = plan

  variables {
    subjects   = {}
    principals = { provision = "aaaaaaaa-2222-3333-4444-555555555555", maintain = "AAAAAAAA-2222-3333-4444-555555555555" }
  }

  expect_failures = [var.principals]
}

run "a_client_id_is_no_principal" {
  command = plan

  variables {
    subjects   = {}
    principals = { provision = "vendor-pipeline" }
  }

  expect_failures = [var.principals]
}

run "an_access_is_one_sides" {
  command = plan

  variables {
    principals = { provision = "aaaaaaaa-2222-3333-4444-555555555555" }
  }

  expect_failures = [var.subjects]
}

run "an_external_id_is_required" {
  command = plan

  variables {
    external_id = ""
  }

  expect_failures = [var.external_id]
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

run "glass_is_broken_for_an_incident" {
  command = plan

  variables {
    break_glass = { not_before = "2026-03-01T08:00:00Z", not_after = "2026-03-01T09:00:00Z" }
  }

  expect_failures = [var.break_glass]
}

run "identities_are_out_of_reach" {
  command = plan

  variables {
    resource_group = {
      id         = "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme-data-plane"
      name       = "acme-data-plane"
      location   = "westeurope"
      identities = "ACME-data-plane"
    }
  }

  expect_failures = [var.resource_group]
}

run "a_subject_is_somebody" {
  command = plan

  variables {
    subjects = { provision = ["repo:*"] }
  }

  expect_failures = [var.subjects]
}

run "somebody_has_to_be_named" {
  command = plan

  variables {
    subjects = {}
  }

  expect_failures = [var.subjects]
}

run "an_issuer_is_told_by_its_url" {
  command = plan

  variables {
    issuer = "token.vendor.example"
  }

  expect_failures = [var.issuer]
}

run "roles_of_the_cluster_go_by_access" {
  command = plan

  variables {
    cluster = { id = "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme/providers/Microsoft.ContainerService/managedClusters/prod", roles = { everybody = "Owner" } }
  }

  expect_failures = [var.cluster]
}

run "a_cluster_is_told_by_its_id" {
  command = plan

  variables {
    cluster = { id = "prod" }
  }

  expect_failures = [var.cluster]
}

run "a_group_is_told_by_its_id" {
  command = plan

  variables {
    resource_group = { id = "acme-data-plane", name = "acme-data-plane", location = "westeurope", identities = "acme-vendor" }
    cluster        = null
  }

  expect_failures = [var.resource_group]
}
