locals {
  make = var.existing == null

  # The first three quarters are the zones'; of the last one, the first /20 is cut up for the control plane and gateways.
  rest            = cidrsubnet(var.cidr, 4, 12)
  private_ranges  = { for index, zone in var.zones : zone => cidrsubnet(var.cidr, 2, index) }
  control_ranges  = { for index, zone in var.zones : zone => cidrsubnet(local.rest, 8, index) }
  public_ranges   = { for index, zone in var.zones : zone => cidrsubnet(local.rest, 4, index + 1) }
  nat_zones       = var.nat == null || !local.make ? [] : (var.nat.per_zone ? var.zones : slice(var.zones, 0, 1))
  nat_zone_of     = { for zone in var.zones : zone => contains(local.nat_zones, zone) ? zone : try(local.nat_zones[0], null) }
  flow_log_groups = local.make && var.flow_logs != null ? 1 : 0

  vpc_id = local.make ? aws_vpc.this[0].id : data.aws_vpc.existing[0].id
  cidr   = local.make ? var.cidr : data.aws_vpc.existing[0].cidr_block
  # Pods of a network that is there already may have addresses of a further range.
  cidrs      = local.make ? [var.cidr] : distinct(concat([local.cidr], [for each in data.aws_vpc.existing[0].cidr_block_associations : each.cidr_block if each.state == "associated"]))
  subnet_ids = local.make ? sort([for subnet in aws_subnet.private : subnet.id]) : sort(var.existing.subnet_ids)
}

resource "aws_vpc" "this" {
  count = local.make ? 1 : 0

  cidr_block = var.cidr
  # Private names of endpoints and of the cluster need both.
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(var.tags, { Name = var.name })
}

# What names no security group gets this one, which lets nothing through.
resource "aws_default_security_group" "this" {
  count = local.make ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.tags, { Name = "${var.name}-default-closed" })
}

resource "aws_subnet" "private" {
  for_each = local.make ? local.private_ranges : {}

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false
  tags = merge(var.tags, {
    Name                              = "${var.name}-private-${each.key}"
    "kubernetes.io/role/internal-elb" = "1"
  })
}

# EKS' own interfaces: /28 each, so that pods cannot take their addresses.
resource "aws_subnet" "control_plane" {
  for_each = local.make ? local.control_ranges : {}

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false
  tags                    = merge(var.tags, { Name = "${var.name}-control-plane-${each.key}" })
}

# A route table for each zone, since each zone may have a gateway of its own.
resource "aws_route_table" "private" {
  for_each = toset(local.make ? var.zones : [])

  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.tags, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_route_table_association" "control_plane" {
  for_each = aws_subnet.control_plane

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "Interface endpoints of ${var.name}: HTTPS from the network"
  vpc_id      = local.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-endpoints" })
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = toset(local.cidrs)

  security_group_id = aws_security_group.endpoints.id
  description       = "HTTPS from the network"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.key
  tags              = var.tags
}
