locals {
  server_name = trimprefix(var.cluster.endpoint, "https://")
}

# No inbound rule: what comes over the endpoint service was let in by principal and connection, and nothing else reaches the
# balancer, the network's own hosts included.
resource "aws_security_group" "this" {
  name        = "${var.name}-api"
  description = "The private way to the API of ${var.cluster.name}: from the endpoint service only"
  vpc_id      = var.network.id
  tags        = merge(var.tags, { Name = "${var.name}-api" })
}

resource "aws_vpc_security_group_egress_rule" "to_cluster" {
  security_group_id            = aws_security_group.this.id
  description                  = "The API of ${var.cluster.name}"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = var.cluster.security_group_id
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "from_balancer" {
  security_group_id            = var.cluster.security_group_id
  description                  = "The private way to the API"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.this.id
  tags                         = var.tags
}

resource "aws_lb" "this" {
  name                             = "${var.name}-api"
  internal                         = true
  load_balancer_type               = "network"
  subnets                          = var.network.subnet_ids
  security_groups                  = [aws_security_group.this.id]
  enable_cross_zone_load_balancing = true
  # Else the group without inbound rules would close the way that this is for.
  enforce_security_group_inbound_rules_on_private_link_traffic = "off"
  tags                                                         = var.tags
}

resource "aws_lb_target_group" "this" {
  name        = "${var.name}-api"
  vpc_id      = var.network.id
  port        = 443
  protocol    = "TCP"
  target_type = "ip"
  # The cluster's group lets the balancer in, and not the vendor's addresses, which mean nothing here.
  preserve_client_ip = "false"
  tags               = var.tags

  health_check {
    protocol = "TCP"
    port     = "443"
  }
}

# TLS is the API server's own, from end to end.
resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "TCP"
  tags              = var.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "dataplane_private_service" "this" {
  name                 = "${var.name}-api"
  load_balancer        = aws_lb.this.arn
  allowed_principals   = var.allowed_principals
  accepted_connections = var.accepted_connections
  rejected_connections = var.rejected_connections
  auto_accept          = var.auto_accept
  force_destroy        = var.force_destroy
  tags                 = var.tags

  # Whoever connects finds the API behind it.
  depends_on = [aws_lb_listener.this, aws_lambda_invocation.targets]
}
