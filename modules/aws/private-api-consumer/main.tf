resource "aws_security_group" "this" {
  name        = "${var.name}-api"
  description = "The private way to the API of ${var.name}: HTTPS from those who manage it"
  vpc_id      = var.network.id
  tags        = merge(var.tags, { Name = "${var.name}-api" })
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.clients == null ? toset([var.network.cidr]) : var.clients

  security_group_id = aws_security_group.this.id
  description       = "HTTPS from those who manage ${var.name}"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.key
  tags              = var.tags
}

resource "dataplane_private_endpoint" "this" {
  name            = "${var.name}-api"
  service_name    = var.customer.service_name
  network         = var.network.id
  subnets         = var.network.subnet_ids
  security_groups = [aws_security_group.this.id]
  tags            = var.tags

  timeouts = { create = var.acceptance_timeout, update = var.acceptance_timeout }

  lifecycle {
    # What depends on the way does not start before it is open.
    postcondition {
      condition     = self.state == "available"
      error_message = coalesce(self.remedy, "The endpoint is not available yet.")
    }
  }
}

# The API's own host name leads to the endpoint in this network, and stays what it is elsewhere.
resource "aws_route53_zone" "this" {
  count = var.dns ? 1 : 0

  name          = lower(var.customer.server_name)
  comment       = "The private way to the API of ${var.name}"
  force_destroy = false
  tags          = var.tags

  vpc {
    vpc_id = var.network.id
  }
}

resource "aws_route53_record" "this" {
  count = var.dns ? 1 : 0

  zone_id = aws_route53_zone.this[0].zone_id
  name    = lower(var.customer.server_name)
  type    = "A"

  alias {
    name                   = dataplane_private_endpoint.this.dns[0].name
    zone_id                = dataplane_private_endpoint.this.dns[0].zone
    evaluate_target_health = false
  }
}
