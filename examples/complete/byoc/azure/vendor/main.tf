# The vendor's root: run by the vendor's pipeline, from the vendor's network, as the application of Entra that is for the command's
# purpose. It works in both tenants.

locals {
  cluster = { aks = { resource_group = var.customer.resource_group, name = var.customer.cluster } }
}

# The vendor's own subscription, where the endpoint is.
provider "azurerm" {
  subscription_id = var.subscription_id

  features {}
}

provider "dataplane" {
  alias = "vendor"
  owner = "${var.customer.name}-access"

  azure = {
    subscription_id       = var.subscription_id
    resource_group        = var.resource_group
    location              = var.customer.location
    allowed_subscriptions = [var.subscription_id]
  }
}

# The customer's subscription, as what the customer let this application do there.
provider "dataplane" {
  owner = var.customer.name

  azure = {
    subscription_id       = var.customer.subscription_id
    tenant_id             = var.customer.tenant_id
    resource_group        = var.customer.data_plane_resource_group
    location              = var.customer.location
    allowed_subscriptions = [var.customer.subscription_id]
  }
}

# The way to the cluster's API: its own name leads to the endpoint in this network.
module "private_api" {
  source = "../../../../../modules/azure/private-api-consumer"

  name               = var.customer.name
  resource_group     = var.resource_group
  customer           = var.customer
  network            = var.network
  request_message    = "The pipeline of the data plane ${var.customer.name}"
  acceptance_timeout = var.acceptance_timeout

  providers = {
    azurerm   = azurerm
    dataplane = dataplane.vendor
  }
}

locals {
  workspaces = {
    fraud-production = { project = "fraud", domain = "production" }
  }
}

module "azure" {
  source = "../../../../../modules/azure"

  name       = var.customer.name
  trust      = { azure = { issuer = var.customer.issuer } }
  workspaces = values(local.workspaces)

  # Names of storage accounts and registries are taken once in all of Azure.
  buckets = {
    metadata          = { account = "${var.name_prefix}meta" }
    fast_registration = { account = "${var.name_prefix}fast" }
  }
  registry = { name = "${var.name_prefix}images" }
}

module "operator" {
  source = "../../../../../modules/operator"

  cluster = local.cluster

  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = var.operator_image
  control_plane = { endpoint = var.control_plane_endpoint }

  components = { executor = {} }

  storage    = module.azure.storage
  roles      = module.azure.roles
  workspaces = local.workspaces

  # Nothing of the cluster is asked for before the customer let this in.
  depends_on = [module.private_api]
}
