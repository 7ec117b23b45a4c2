# Nodes that name groups do not get EKS' own, which lets everything out. Names, time and metadata of AWS pass every group.

data "dataplane_network_ranges" "this" {}

locals {
  limited = var.egress.mode == "limited"
  edges = {
    control-plane = data.dataplane_network_ranges.this.cloudflare
    tunnel        = data.dataplane_network_ranges.this.tunnel
  }

  # What the way out is for, by name.
  allowed = local.limited ? merge(
    { for name, edge in local.edges : name => { cidrs = edge.ipv4, ports = edge.ports } },
    var.egress.allowed,
  ) : {}

  ways = merge([
    for name, to in local.allowed : merge([
      for way in setproduct(to.cidrs, to.ports, name == "tunnel" ? ["tcp", "udp"] : ["tcp"]) : {
        "${name} ${way[0]} ${way[1]}/${way[2]}" = {
          name     = name
          group    = lookup({ control-plane = "egress", tunnel = "tunnel" }, name, "allowed")
          cidr     = way[0]
          port     = way[1]
          protocol = way[2]
        }
      }
    ]...)
  ]...)

  cluster_group = one(aws_eks_cluster.this.vpc_config[*].cluster_security_group_id)
}

resource "aws_security_group" "nodes" {
  count = local.limited ? 1 : 0

  name        = "${var.name}-nodes"
  description = "Nodes of ${var.name}: each other and the control plane"
  vpc_id      = var.network.id
  # By this tag controllers of load balancers find the group that they add their rules to.
  tags = merge(var.tags, { Name = "${var.name}-nodes", "kubernetes.io/cluster/${var.name}" = "owned" })
}

resource "aws_vpc_security_group_ingress_rule" "nodes_from_nodes" {
  count = local.limited ? 1 : 0

  security_group_id            = aws_security_group.nodes[0].id
  description                  = "Nodes and pods among themselves"
  ip_protocol                  = "-1"
  referenced_security_group_id = aws_security_group.nodes[0].id
  tags                         = var.tags
}

# Kubelets, and webhooks at whichever port they have.
resource "aws_vpc_security_group_ingress_rule" "nodes_from_cluster" {
  for_each = local.limited ? { https = [443, 443], above = [1025, 65535] } : {}

  security_group_id            = aws_security_group.nodes[0].id
  description                  = "The control plane"
  ip_protocol                  = "tcp"
  from_port                    = each.value[0]
  to_port                      = each.value[1]
  referenced_security_group_id = local.cluster_group
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "cluster_from_nodes" {
  count = local.limited ? 1 : 0

  security_group_id            = local.cluster_group
  description                  = "The API, from nodes and pods"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.nodes[0].id
  tags                         = var.tags
}

resource "aws_vpc_security_group_egress_rule" "nodes_to_nodes" {
  count = local.limited ? 1 : 0

  security_group_id            = aws_security_group.nodes[0].id
  description                  = "Nodes and pods among themselves"
  ip_protocol                  = "-1"
  referenced_security_group_id = aws_security_group.nodes[0].id
  tags                         = var.tags
}

resource "aws_vpc_security_group_egress_rule" "nodes_to_cluster" {
  count = local.limited ? 1 : 0

  security_group_id            = aws_security_group.nodes[0].id
  description                  = "The API"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = local.cluster_group
  tags                         = var.tags
}

# A group takes 60 rules, and those of what is outside are many: each list has a group of its own, and AWS takes five groups of an interface.
locals {
  rules = {
    egress  = 1 + length(var.egress.prefix_lists) + length([for way in local.ways : way if way.group == "egress"])
    tunnel  = length([for way in local.ways : way if way.group == "tunnel"])
    allowed = length([for way in local.ways : way if way.group == "allowed"])
  }
}

moved {
  from = aws_security_group.egress[0]
  to   = aws_security_group.egress["egress"]
}

resource "aws_security_group" "egress" {
  for_each = { for group, name in { egress = "egress", tunnel = "egress-tunnel", allowed = "egress-allowed" } : group => name if local.limited && (group != "allowed" || length(var.egress.allowed) > 0) }

  name        = "${var.name}-${each.value}"
  description = "Where nodes and pods of ${var.name} go outside of the cluster"
  vpc_id      = var.network.id
  tags        = merge(var.tags, { Name = "${var.name}-${each.value}" })

  lifecycle {
    precondition {
      condition     = local.rules[each.key] <= 60
      error_message = "${var.name}-${each.value} would have ${local.rules[each.key]} rules, and AWS takes 60 in a security group. Each range of egress.allowed is a rule with each of its ports, each of prefix_lists one: give fewer, or larger ranges."
    }
  }
}

resource "aws_vpc_security_group_egress_rule" "endpoints" {
  count = local.limited ? 1 : 0

  security_group_id            = aws_security_group.egress["egress"].id
  description                  = "AWS' services by interface endpoints"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = var.network.endpoint_security_group_id
  tags                         = var.tags
}

resource "aws_vpc_security_group_egress_rule" "gateways" {
  for_each = local.limited ? var.egress.prefix_lists : {}

  security_group_id = aws_security_group.egress["egress"].id
  description       = "AWS' ${each.key} by its gateway endpoint"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = each.value
  tags              = var.tags
}

resource "aws_vpc_security_group_egress_rule" "allowed" {
  for_each = local.ways

  security_group_id = aws_security_group.egress[each.value.group].id
  description       = each.value.name
  ip_protocol       = each.value.protocol
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = each.value.cidr
  tags              = var.tags
}
