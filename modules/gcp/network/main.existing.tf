# What is brought along is read, so that the outputs can refuse what would fail later, with less to go by.

data "google_compute_network" "existing" {
  count = local.make ? 0 : 1

  name    = var.existing.network
  project = coalesce(var.existing.project, var.project)
}

data "google_compute_subnetwork" "existing" {
  for_each = local.make ? {} : { for use, name in { nodes = var.existing.subnet, published = var.existing.nat_subnet } : use => name if name != null }

  name    = each.value
  region  = var.region
  project = coalesce(var.existing.project, var.project)
}

locals {
  secondary = local.make ? {} : { for range in data.google_compute_subnetwork.existing["nodes"].secondary_ip_range : range.range_name => range.ip_cidr_range }

  elsewhere = flatten([
    for network in data.google_compute_network.existing : [for subnet in data.google_compute_subnetwork.existing : subnet.name if subnet.network != network.self_link]
  ])
  unknown   = local.make ? [] : [for name in [var.existing.pods_range, var.existing.services_range] : name if !contains(keys(local.secondary), name)]
  unreached = local.make ? false : !data.google_compute_subnetwork.existing["nodes"].private_ip_google_access
  # Of the four that Google keeps, and those that an upgrade and a balancer want.
  small = local.make ? false : tonumber(split("/", data.google_compute_subnetwork.existing["nodes"].ip_cidr_range)[1]) > 28

  existing_ranges = local.make ? {} : merge(
    { nodes = data.google_compute_subnetwork.existing["nodes"].ip_cidr_range },
    { for use, name in { pods = var.existing.pods_range, services = var.existing.services_range } : use => local.secondary[name] if contains(keys(local.secondary), name) },
  )
}
