resource "dataplane_private_endpoint" "interface" {
  for_each = var.services

  name            = "${var.name}-${replace(each.key, ".", "-")}"
  service_name    = "com.amazonaws.${var.region}.${each.key}"
  network         = var.network.id
  subnets         = var.network.subnet_ids
  security_groups = [var.network.endpoint_security_group_id]
  policy          = lookup(var.policies, each.key, null)
  # Clients keep calling the service by its public name.
  private_dns = true
  tags        = var.tags
}

resource "dataplane_private_endpoint" "gateway" {
  for_each = var.gateways

  name         = "${var.name}-${each.key}"
  service_name = "com.amazonaws.${var.region}.${each.key}"
  type         = "gateway"
  network      = var.network.id
  route_tables = var.network.route_table_ids
  policy       = lookup(var.policies, each.key, null)
  tags         = var.tags
}
