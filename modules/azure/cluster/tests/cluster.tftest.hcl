# What a cluster is unless somebody says otherwise, and what is refused.

mock_provider "azurerm" {
  mock_resource "azurerm_user_assigned_identity" {
    defaults = {
      id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.ManagedIdentity/userAssignedIdentities/acme-prod-cluster"
      principal_id = "99999999-2222-3333-4444-555555555555"
    }
  }
}

variables {
  name               = "acme-prod"
  resource_group     = "acme"
  location           = "westeurope"
  kubernetes_version = "1.33"
  admins             = ["11111111-2222-3333-4444-555555555555"]
  network = {
    id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod"
    subnet_ids    = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod/subnets/nodes"]
    api_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod/subnets/api-server"
    nat           = false
  }
  key_vault_key = {
    id       = "https://acme.vault.azure.net/keys/aks/0123456789abcdef0123456789abcdef"
    vault_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.KeyVault/vaults/acme"
  }
  log_analytics_workspace_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.OperationalInsights/workspaces/acme"
}

run "the_api_is_private" {
  command = apply

  assert {
    condition     = azurerm_kubernetes_cluster.this.private_cluster_enabled && !azurerm_kubernetes_cluster.this.private_cluster_public_fqdn_enabled && !azurerm_kubernetes_cluster.this.run_command_enabled && one(azurerm_kubernetes_cluster.this.api_server_access_profile).virtual_network_integration_enabled
    error_message = "The API answers in the network only."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.local_account_disabled && one(azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control).azure_rbac_enabled
    error_message = "Who comes in is Entra's to say."
  }

  assert {
    condition     = output.api.name == "acme-prod" && output.api.resource_group == "acme" && output.api.node_resource_group == azurerm_kubernetes_cluster.this.node_resource_group && output.api.private_fqdn == azurerm_kubernetes_cluster.this.private_fqdn
    error_message = "Who publishes the API is told where it is."
  }

  assert {
    condition     = one(azurerm_kubernetes_cluster.this.key_management_service).key_vault_key_id == "https://acme.vault.azure.net/keys/aks/0123456789abcdef0123456789abcdef" && azurerm_role_assignment.this["key"].role_definition_name == "Key Vault Crypto User"
    error_message = "Secrets are encrypted, and the cluster may use the key."
  }

  assert {
    condition     = contains([for log in azurerm_monitor_diagnostic_setting.this.enabled_log : log.category], "kube-audit-admin")
    error_message = "The audit log is kept."
  }
}

run "pods_have_identities_of_their_own" {
  command = apply

  assert {
    condition     = azurerm_kubernetes_cluster.this.workload_identity_enabled && azurerm_kubernetes_cluster.this.oidc_issuer_enabled && one(azurerm_kubernetes_cluster.this.network_profile).network_policy == "cilium"
    error_message = "Workload identity is on, and network policies have an effect."
  }

  assert {
    condition     = one(azurerm_kubernetes_cluster.this.network_profile).outbound_type == "none" && one(azurerm_kubernetes_cluster.this.network_profile).dns_service_ip == "172.20.0.10" && one(azurerm_kubernetes_cluster.this.bootstrap_profile).artifact_source == "Cache"
    error_message = "Without NAT nothing leaves."
  }
}

run "a_way_out_without_limits" {
  command = apply

  variables {
    network = {
      id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod"
      subnet_ids    = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod/subnets/nodes"]
      api_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod/subnets/api-server"
      nat           = true
    }
  }

  assert {
    condition     = one(azurerm_kubernetes_cluster.this.network_profile).outbound_type == "userAssignedNATGateway" && one(azurerm_kubernetes_cluster.this.bootstrap_profile).artifact_source == "Direct"
    error_message = "Nodes get what they start with by the gateway."
  }
}

run "a_limited_way_out" {
  command = apply

  variables {
    network = {
      id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod"
      subnet_ids    = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod/subnets/nodes"]
      api_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/acme/providers/Microsoft.Network/virtualNetworks/acme-prod/subnets/api-server"
      nat           = true
      limited       = true
    }
  }

  assert {
    condition     = one(azurerm_kubernetes_cluster.this.network_profile).outbound_type == "userAssignedNATGateway" && one(azurerm_kubernetes_cluster.this.bootstrap_profile).artifact_source == "Cache"
    error_message = "Hosts of Microsoft's packages are not among what is listed."
  }
}

run "an_idle_pool_costs_nothing" {
  command = apply

  variables {
    node_pools = { gpu = { vm_size = "Standard_NC4as_T4_v3", max_size = 4, spot = true, taints = ["nvidia.com/gpu=present:NoSchedule"] } }
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this["gpu"].min_count == 0 && azurerm_kubernetes_cluster_node_pool.this["gpu"].max_count == 4 && azurerm_kubernetes_cluster_node_pool.this["gpu"].priority == "Spot"
    error_message = "A pool starts from nothing."
  }
}

run "nodes_follow_the_version" {
  command = apply

  variables {
    kubernetes_version = "1.34"
    node_pools         = { tasks = { vm_size = "Standard_D8s_v5", max_size = 4 } }
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.kubernetes_version == "1.34" && one(azurerm_kubernetes_cluster.this.default_node_pool).orchestrator_version == "1.34" && azurerm_kubernetes_cluster_node_pool.this["tasks"].orchestrator_version == "1.34"
    error_message = "An upgrade is one of the nodes as well."
  }

  assert {
    condition     = length(azurerm_kubernetes_cluster_node_pool.this["tasks"].node_labels) + length(azurerm_kubernetes_cluster_node_pool.this["tasks"].node_taints) == 0
    error_message = "Only spot nodes have what Azure puts on spot nodes."
  }
}

# Azure adds its own label and taint: a configuration without them differs from what is there in each plan.
run "a_spot_pool_says_what_azure_adds" {
  command = apply

  variables {
    node_pools = { gpu = { vm_size = "Standard_NC4as_T4_v3", max_size = 4, spot = true, labels = { kind = "gpu" }, taints = ["nvidia.com/gpu=present:NoSchedule"] } }
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this["gpu"].node_labels == tomap({ kind = "gpu", "kubernetes.azure.com/scalesetpriority" = "spot" })
    error_message = "Azure's label is said."
  }

  assert {
    condition     = tolist(azurerm_kubernetes_cluster_node_pool.this["gpu"].node_taints) == tolist(["nvidia.com/gpu=present:NoSchedule", "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"])
    error_message = "Azure's taint is said."
  }
}

run "a_spot_pool_that_says_it_already" {
  command = apply

  variables {
    node_pools = { gpu = { vm_size = "Standard_NC4as_T4_v3", max_size = 4, spot = true, taints = ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"] } }
  }

  assert {
    condition     = length(azurerm_kubernetes_cluster_node_pool.this["gpu"].node_taints) == 1
    error_message = "A taint is said once."
  }
}

run "a_pool_whose_name_azure_does_not_take" {
  command = plan

  variables {
    node_pools = { large-tasks = { vm_size = "Standard_D8s_v5", max_size = 4 } }
  }

  expect_failures = [var.node_pools]
}

run "nobody_to_administer_it" {
  command = plan

  variables {
    admins = []
  }

  expect_failures = [var.admins]
}

run "a_key_without_a_version" {
  command = plan

  variables {
    key_vault_key = { id = "https://acme.vault.azure.net/keys/aks", vault_id = "/subscriptions/x" }
  }

  expect_failures = [var.key_vault_key]
}

run "a_patch_version" {
  command = plan

  variables {
    kubernetes_version = "1.33.2"
  }

  expect_failures = [var.kubernetes_version]
}

run "no_node_at_all" {
  command = plan

  variables {
    system = { size = 0 }
  }

  expect_failures = [var.system]
}
