# What the vendor may do in this project: an account of the customer's for each purpose, with what the data plane's own resources need,
# which the vendor becomes. Whoever sets the policies of service accounts can be any of them: so the project holds the data plane and
# nothing else, and the accounts that the vendor becomes lie in another one.

module "vendor_access" {
  source = "../../../../../modules/gcp/vendor-access"

  tenant             = var.name
  project            = var.project
  identities_project = var.identities_project

  # The vendor's pipeline becomes them with the credentials that it has.
  principals = {
    provision   = var.vendor.principals
    maintain    = var.vendor.principals
    deprovision = var.vendor.principals
  }

  # Who is on call has a token that says for which incident.
  issuer      = var.vendor.issuer
  subjects    = { break_glass = var.vendor.on_call }
  break_glass = var.break_glass

  data_plane = {
    buckets  = ["${var.project}-metadata", "${var.project}-fast-registration"]
    secrets  = "${var.name}-"
    registry = var.name
    logs     = [var.name]
  }
}
