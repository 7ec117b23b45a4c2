# The foundation: the network, the cluster in it, and what both are encrypted and logged by. It changes seldom, and by other people than
# the data plane on it.

provider "azurerm" {
  subscription_id = var.subscription_id

  features {}
}

provider "dataplane" {
  owner = "${var.name}-foundation"

  azure = {
    subscription_id       = var.subscription_id
    resource_group        = var.resource_group
    location              = var.location
    allowed_subscriptions = [var.subscription_id]
  }
}

data "azurerm_client_config" "this" {}

module "network" {
  source = "../../../../../modules/azure/network"

  name           = var.name
  resource_group = var.resource_group
  location       = var.location
  existing       = var.existing

  # The one way out is to what AKS cannot be without, to the control plane and to the tunnel's edge. Endpoints lead to storage accounts and
  # registries; no node asks a vault.
  nat = var.existing == null
  egress = {
    mode     = var.existing == null ? "limited" : "open"
    services = var.existing == null ? [] : null
  }
}

resource "azurerm_log_analytics_workspace" "this" {
  name                         = "${var.name}-control-plane"
  resource_group_name          = var.resource_group
  location                     = var.location
  retention_in_days            = 90
  local_authentication_enabled = false
}

# The control plane of AKS reads the key at the vault's public address, as itself.
resource "azurerm_key_vault" "this" {
  name                       = var.key_vault
  resource_group_name        = var.resource_group
  location                   = var.location
  tenant_id                  = data.azurerm_client_config.this.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
}

resource "azurerm_role_assignment" "key_maker" {
  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Crypto Officer"
  principal_id         = data.azurerm_client_config.this.object_id
}

resource "azurerm_key_vault_key" "secrets" {
  name         = "${var.name}-secrets"
  key_vault_id = azurerm_key_vault.this.id
  key_type     = "RSA"
  key_size     = 3072
  key_opts     = ["decrypt", "encrypt", "unwrapKey", "wrapKey"]

  depends_on = [azurerm_role_assignment.key_maker]
}

module "cluster" {
  source = "../../../../../modules/azure/cluster"

  name                       = var.name
  resource_group             = var.resource_group
  location                   = var.location
  kubernetes_version         = var.kubernetes_version
  network                    = module.network.network
  admins                     = var.admins
  key_vault_key              = { id = azurerm_key_vault_key.secrets.id, vault_id = azurerm_key_vault.this.id }
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  node_pools = {
    tasks = { vm_size = "Standard_D8s_v5", max_size = 20 }
  }
}
