output "foundation" {
  description = "What the data plane's root is told; nothing in it is secret."
  value = {
    name    = var.name
    project = var.project
    region  = var.region
    cluster = module.cluster.cluster
    nodes   = module.network.network.cidr
    google  = [for address in module.endpoints.addresses : "${address}/32"]
  }
}
