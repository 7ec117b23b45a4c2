# What the vendor may do in this account: a role for each purpose, with exactly what the data plane's own resources need, by their names.
# Roles are named one by one, and the vendor's own lie below a path that none of these names reaches.

module "vendor_access" {
  source = "../../../../../modules/aws/vendor-access"

  tenant      = var.name
  external_id = var.vendor.external_id
  principals = {
    provision   = var.vendor.principals
    maintain    = var.vendor.principals
    deprovision = var.vendor.principals
    break_glass = var.vendor.on_call
  }

  data_plane = {
    buckets  = ["${var.name}-metadata", "${var.name}-fast-registration"]
    secrets  = "${var.name}/"
    registry = var.name
    logs     = ["/dataplane/${var.name}"]

    names = {
      role              = ["adminflyterole", "userflyterole", "${var.name}-builder", "${var.name}-log-writer"]
      identity_provider = [data.aws_eks_cluster.this.identity[0].oidc[0].issuer]
      registry          = [var.name]
      log_group         = ["/dataplane/${var.name}"]
      cluster           = [var.cluster]
    }
  }

  # In the cluster, the operator's roles and definitions are the vendor's to make.
  cluster     = { name = var.cluster }
  break_glass = var.break_glass
}
