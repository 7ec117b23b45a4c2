output "foundation" {
  description = "What the data plane's root is told; nothing in it is secret."
  value = {
    name          = var.name
    region        = var.region
    cluster       = module.cluster.cluster
    issuer        = module.cluster.issuer
    control_plane = module.network.network.cidr
    s3            = sort(data.aws_prefix_list.s3.cidr_blocks)
    services      = sort([for address in flatten(values(module.endpoints.addresses)) : "${address}/32"])
  }
}
