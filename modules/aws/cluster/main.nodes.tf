resource "aws_iam_role" "nodes" {
  name                 = "${var.name}-nodes"
  permissions_boundary = var.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy_attachment" "nodes" {
  for_each = toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"])

  role       = aws_iam_role.nodes.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.key}"
}

locals {
  pools = merge(
    {
      system = {
        instance_types = var.system.instance_types
        min_size       = var.system.size
        max_size       = var.system.size
        capacity_type  = "ON_DEMAND"
        disk_gib       = 50
        ami_type       = "AL2023_x86_64_STANDARD"
        labels         = {}
        taints         = []
      }
    },
    var.node_groups,
  )
}

resource "aws_launch_template" "this" {
  for_each = local.pools

  name                   = "${var.name}-${each.key}"
  update_default_version = true
  vpc_security_group_ids = local.limited ? concat([aws_security_group.nodes[0].id], values(aws_security_group.egress)[*].id) : null
  tags                   = var.tags

  # Pods are a hop further away than the node: they do not reach the node's role.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted             = "true"
      volume_size           = each.value.disk_gib
      volume_type           = "gp3"
      delete_on_termination = "true"
    }
  }

  tag_specifications {
    resource_type = "instance"
    tags          = merge(var.tags, { Name = "${var.name}-${each.key}" })
  }
}

# Apart from the other pools, since these would wait for what runs on it.
resource "aws_eks_node_group" "system" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "system"
  node_role_arn   = aws_iam_role.nodes.arn
  subnet_ids      = var.network.subnet_ids
  version         = var.kubernetes_version
  instance_types  = local.pools.system.instance_types
  ami_type        = local.pools.system.ami_type
  tags            = var.tags

  scaling_config {
    min_size     = local.pools.system.min_size
    max_size     = local.pools.system.max_size
    desired_size = local.pools.system.min_size
  }

  update_config {
    max_unavailable = 1
  }

  launch_template {
    id      = aws_launch_template.this["system"].id
    version = aws_launch_template.this["system"].latest_version
  }

  # Nodes register by these rules, and leave in order as long as there are any.
  depends_on = [
    aws_iam_role_policy_attachment.nodes,
    aws_eks_addon.before_nodes,
    aws_vpc_security_group_egress_rule.allowed,
    aws_vpc_security_group_egress_rule.endpoints,
    aws_vpc_security_group_egress_rule.gateways,
    aws_vpc_security_group_egress_rule.nodes_to_cluster,
    aws_vpc_security_group_egress_rule.nodes_to_nodes,
    aws_vpc_security_group_ingress_rule.cluster_from_nodes,
    aws_vpc_security_group_ingress_rule.nodes_from_cluster,
    aws_vpc_security_group_ingress_rule.nodes_from_nodes,
  ]
}

resource "aws_eks_node_group" "pools" {
  for_each = var.node_groups

  cluster_name    = aws_eks_cluster.this.name
  node_group_name = each.key
  node_role_arn   = aws_iam_role.nodes.arn
  subnet_ids      = var.network.subnet_ids
  version         = var.kubernetes_version
  instance_types  = each.value.instance_types
  capacity_type   = each.value.capacity_type
  ami_type        = each.value.ami_type
  labels          = each.value.labels
  tags            = var.tags

  scaling_config {
    min_size     = each.value.min_size
    max_size     = each.value.max_size
    desired_size = each.value.min_size
  }

  update_config {
    max_unavailable_percentage = 33
  }

  launch_template {
    id      = aws_launch_template.this[each.key].id
    version = aws_launch_template.this[each.key].latest_version
  }

  dynamic "taint" {
    for_each = each.value.taints

    content {
      key    = taint.value.key
      value  = taint.value.value
      effect = taint.value.effect
    }
  }

  lifecycle {
    # The autoscaler's.
    ignore_changes = [scaling_config[0].desired_size]
  }

  # Nodes register by these rules, and leave in order as long as there are any.
  depends_on = [
    aws_iam_role_policy_attachment.nodes,
    aws_eks_addon.before_nodes,
    aws_vpc_security_group_egress_rule.allowed,
    aws_vpc_security_group_egress_rule.endpoints,
    aws_vpc_security_group_egress_rule.gateways,
    aws_vpc_security_group_egress_rule.nodes_to_cluster,
    aws_vpc_security_group_egress_rule.nodes_to_nodes,
    aws_vpc_security_group_ingress_rule.cluster_from_nodes,
    aws_vpc_security_group_ingress_rule.nodes_from_cluster,
    aws_vpc_security_group_ingress_rule.nodes_from_nodes,
  ]
}
