# One tenant: what the vendor's pipeline keeps in a customer's account. It is the same for all; `tenants/` has what differs.

provider "dataplane" {
  owner = "vendor"

  aws = {
    region              = var.region
    allowed_account_ids = [var.account_id]

    # The pipeline's own credentials take the role that this customer granted.
    assume_role = {
      role_arn        = var.role_arn
      external_id     = var.external_id
      tags            = var.session_tags
      source_identity = var.operator
    }
  }
}

resource "dataplane_bucket" "metadata" {
  name = "${var.name}-metadata"
}

resource "dataplane_log_group" "tasks" {
  name           = "/dataplane/${var.name}"
  retention_days = var.retention_days
}

resource "dataplane_identity_provider" "cluster" {
  issuer    = var.issuer
  audiences = ["sts.amazonaws.com"]
}

resource "dataplane_role" "user" {
  name    = "${var.name}-user"
  profile = "user"

  buckets = {
    metadata = {
      id       = dataplane_bucket.metadata.id
      prefixes = [provider::dataplane::object_prefix(var.name, "fraud", "production")]
    }
  }

  trust                = { irsa = { provider_arn = dataplane_identity_provider.cluster.arn } }
  permissions_boundary = var.permissions_boundary
  subjects             = [{ namespace = "fraud-production", service_account = "default" }]
}

resource "dataplane_private_endpoint" "s3" {
  name         = "${var.name}-s3"
  service_name = "com.amazonaws.${var.region}.s3"
  type         = "gateway"
  network      = var.network.id
  route_tables = var.network.route_table_ids
}
