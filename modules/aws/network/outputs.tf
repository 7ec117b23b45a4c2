output "network" {
  description = "The network as the other modules take it: `id`, `cidr`, `subnet_ids` (private), `control_plane_subnet_ids`, `route_table_ids`, `endpoint_security_group_id`."
  value = {
    id                         = local.vpc_id
    cidr                       = local.cidr
    subnet_ids                 = local.subnet_ids
    control_plane_subnet_ids   = local.make ? sort([for subnet in aws_subnet.control_plane : subnet.id]) : local.subnet_ids
    route_table_ids            = local.make ? sort([for table in aws_route_table.private : table.id]) : sort(var.existing.route_table_ids)
    endpoint_security_group_id = aws_security_group.endpoints.id
  }

  precondition {
    condition     = length(local.dns_off) == 0
    error_message = "Private names of endpoints and of the cluster's API need enableDnsSupport and enableDnsHostnames of ${local.vpc_id}: switch ${join(" and ", local.dns_off)} on."
  }

  precondition {
    condition     = local.make || length(local.existing_zones) >= 2
    error_message = "The subnets lie in ${join(" and ", local.existing_zones)} only: EKS wants subnets in at least two zones."
  }

  precondition {
    condition     = length(local.elsewhere) == 0
    error_message = "${join(", ", local.elsewhere)} of subnet_ids belong to another VPC than ${local.vpc_id}."
  }

  precondition {
    condition     = length(local.public) == 0
    error_message = "${join(", ", local.public)} give public addresses to what starts in them (MapPublicIpOnLaunch): switch that off, or name private subnets."
  }

  precondition {
    condition     = length(local.outward) == 0
    error_message = "${join(", ", local.outward)} of route_table_ids lead to an internet gateway: name private subnets and their tables."
  }

  precondition {
    condition     = length(local.untagged) == 0
    error_message = "${join(", ", local.untagged)} lack the tag kubernetes.io/role/internal-elb = 1, by which internal load balancers find their subnets."
  }

  precondition {
    condition     = length(local.overlaps) == 0
    error_message = "${join("; ", local.overlaps)}: choose ranges that do not, since routes and the address translation of PrivateLink cannot tell them apart."
  }
}
