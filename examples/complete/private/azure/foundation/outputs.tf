output "foundation" {
  description = "What the data plane's root is told; nothing in it is secret."
  value = {
    name            = var.name
    subscription_id = var.subscription_id
    resource_group  = var.resource_group
    location        = var.location
    cluster         = module.cluster.cluster
    issuer          = module.cluster.issuer
    network = {
      id                 = module.network.network.id
      cidr               = module.network.network.cidr
      endpoint_subnet_id = module.network.network.endpoint_subnet_id
    }
  }
}
