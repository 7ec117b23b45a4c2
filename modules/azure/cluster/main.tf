resource "azurerm_user_assigned_identity" "this" {
  name                = "${var.name}-cluster"
  resource_group_name = var.resource_group
  location            = var.location
  tags                = var.tags
}

locals {
  # What the control plane does in the network and with the key, and nothing besides.
  roles = {
    nodes = { scope = var.network.subnet_ids[0], role = "Network Contributor" }
    api   = { scope = var.network.api_subnet_id, role = "Network Contributor" }
    key   = { scope = var.key_vault_key.vault_id, role = "Key Vault Crypto User" }
  }
}

resource "azurerm_role_assignment" "this" {
  for_each = local.roles

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = azurerm_user_assigned_identity.this.principal_id
}

resource "azurerm_kubernetes_cluster" "this" {
  name                = var.name
  resource_group_name = var.resource_group
  location            = var.location
  dns_prefix          = var.name
  kubernetes_version  = var.kubernetes_version
  sku_tier            = "Standard"
  tags                = var.tags

  # Its name is known everywhere, its address in the network only.
  private_cluster_enabled             = true
  private_cluster_public_fqdn_enabled = false
  local_account_disabled              = true
  oidc_issuer_enabled                 = true
  workload_identity_enabled           = true
  run_command_enabled                 = false
  automatic_upgrade_channel           = "patch"
  node_os_upgrade_channel             = "NodeImage"

  api_server_access_profile {
    virtual_network_integration_enabled = true
    subnet_id                           = var.network.api_subnet_id
  }

  azure_active_directory_role_based_access_control {
    azure_rbac_enabled     = true
    admin_group_object_ids = var.admins
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  key_management_service {
    key_vault_key_id         = var.key_vault_key.id
    key_vault_network_access = "Public"
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_data_plane  = "cilium"
    network_policy      = "cilium"
    outbound_type       = var.network.nat ? "userAssignedNATGateway" : "none"
    pod_cidr            = var.ranges.pods
    service_cidr        = var.ranges.services
    dns_service_ip      = cidrhost(var.ranges.services, 10)
  }

  # Without a way out, what nodes start with comes from Azure's own cache of images. So it does where the way out is limited: no name that security
  # groups know stands for the hosts of Microsoft's packages.
  bootstrap_profile {
    artifact_source = var.network.nat && !var.network.limited ? "Direct" : "Cache"
  }

  default_node_pool {
    name                         = "system"
    vm_size                      = var.system.vm_size
    orchestrator_version         = var.kubernetes_version
    node_count                   = var.system.size
    vnet_subnet_id               = var.network.subnet_ids[0]
    host_encryption_enabled      = true
    only_critical_addons_enabled = false
    temporary_name_for_rotation  = "systemnew"

    upgrade_settings {
      max_surge = "33%"
    }
  }

  depends_on = [azurerm_role_assignment.this]
}

locals {
  # Azure puts them on nodes of this kind by itself: left unsaid, each plan takes them away again.
  spot = {
    labels = { "kubernetes.azure.com/scalesetpriority" = "spot" }
    taints = ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"]
  }
}

resource "azurerm_kubernetes_cluster_node_pool" "this" {
  for_each = var.node_pools

  name                    = each.key
  kubernetes_cluster_id   = azurerm_kubernetes_cluster.this.id
  vm_size                 = each.value.vm_size
  orchestrator_version    = var.kubernetes_version
  vnet_subnet_id          = var.network.subnet_ids[0]
  auto_scaling_enabled    = true
  min_count               = each.value.min_size
  max_count               = each.value.max_size
  os_disk_size_gb         = each.value.disk_gib
  host_encryption_enabled = true
  node_labels             = merge(each.value.labels, each.value.spot ? local.spot.labels : {})
  node_taints             = distinct(concat(each.value.taints, each.value.spot ? local.spot.taints : []))
  priority                = each.value.spot ? "Spot" : "Regular"
  eviction_policy         = each.value.spot ? "Delete" : null
  tags                    = var.tags
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "control-plane"
  target_resource_id         = azurerm_kubernetes_cluster.this.id
  log_analytics_workspace_id = var.log_analytics_workspace_id

  dynamic "enabled_log" {
    for_each = ["kube-apiserver", "kube-audit-admin", "kube-controller-manager", "kube-scheduler", "guard"]

    content {
      category = enabled_log.value
    }
  }
}
