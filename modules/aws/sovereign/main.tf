# Nobody but clients reaches the balancer; the controller attaches this group in place of one that it would make, open to all.
resource "aws_security_group" "this" {
  name        = "${var.name}-sovereign"
  description = "The gateway of ${var.name}: HTTPS from the customer's own networks"
  vpc_id      = var.network.id
  tags        = merge(var.tags, { Name = "${var.name}-sovereign" })
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.client_ranges

  security_group_id = aws_security_group.this.id
  description       = "HTTPS from the customer's own network"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = strcontains(each.key, ":") ? null : each.key
  cidr_ipv6         = strcontains(each.key, ":") ? each.key : null
  tags              = var.tags
}

resource "aws_vpc_security_group_egress_rule" "gateway" {
  security_group_id = aws_security_group.this.id
  description       = "The gateway's pods"
  ip_protocol       = "tcp"
  from_port         = 1024
  to_port           = 65535
  cidr_ipv4         = var.network.cidr
  tags              = var.tags
}

resource "dataplane_private_service" "this" {
  count = var.offices == null ? 0 : 1

  name                 = "${var.name}-sovereign"
  load_balancer        = var.offices.load_balancer
  allowed_principals   = var.offices.allowed_principals
  accepted_connections = var.offices.accepted_connections
  rejected_connections = var.offices.rejected_connections
  auto_accept          = var.offices.auto_accept
  force_destroy        = var.offices.force_destroy
  tags                 = var.tags
}
