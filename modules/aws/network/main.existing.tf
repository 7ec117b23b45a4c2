# What is brought along is read, so that the outputs can refuse what would fail later, with less to go by.

data "aws_vpc" "existing" {
  count = local.make ? 0 : 1

  id = var.existing.vpc_id
}

data "aws_route_table" "existing" {
  for_each = local.make ? toset([]) : var.existing.route_table_ids

  route_table_id = each.key
}

data "aws_subnet" "existing" {
  for_each = local.make ? toset([]) : var.existing.subnet_ids

  id = each.key
}

locals {
  elsewhere = [for id, subnet in data.aws_subnet.existing : id if subnet.vpc_id != local.vpc_id]
  public    = [for id, subnet in data.aws_subnet.existing : id if subnet.map_public_ip_on_launch]
  outward = [
    for id, table in data.aws_route_table.existing : id
    if anytrue([for route in table.routes : startswith(coalesce(route.gateway_id, "none"), "igw-")])
  ]
  full     = [for id, subnet in data.aws_subnet.existing : id if subnet.available_ip_address_count < 16]
  untagged = [for id, subnet in data.aws_subnet.existing : id if lookup(subnet.tags, "kubernetes.io/role/internal-elb", "") != "1"]
  dns_off = local.make ? [] : [
    for name, on in {
      enableDnsSupport   = data.aws_vpc.existing[0].enable_dns_support
      enableDnsHostnames = data.aws_vpc.existing[0].enable_dns_hostnames
    } : name if !on
  ]
  existing_zones = distinct([for subnet in data.aws_subnet.existing : subnet.availability_zone])

  overlaps = flatten([
    for what, range in var.other_ranges : [
      for pair in provider::dataplane::cidr_overlaps(local.cidrs, [range]) : "${replace(pair, " overlaps", " of the network overlaps")} of ${what}"
    ]
  ])
}

# Told and not refused: a subnet fills and empties with its pods, and who has to let somebody out or in must be able to apply meanwhile.
check "free_addresses" {
  assert {
    condition     = length(local.full) == 0
    error_message = "${join(", ", local.full)} have fewer than 16 free addresses, which an upgrade of EKS and the endpoints need."
  }
}
