data "dataplane_network_ranges" "this" {}

# For a firewall that lets nothing else out.
output "egress" {
  value = {
    addresses = data.dataplane_network_ranges.this.cloudflare.ipv4
    ports     = data.dataplane_network_ranges.this.cloudflare.ports
    as_of     = data.dataplane_network_ranges.this.cloudflare.as_of
  }
}

# For network policies: what `egress.control_plane` of modules/operator takes.
output "control_plane" {
  value = {
    cidrs = concat(data.dataplane_network_ranges.this.cloudflare.ipv4, data.dataplane_network_ranges.this.cloudflare.ipv6)
    ports = data.dataplane_network_ranges.this.cloudflare.ports
  }
}

# For a firewall that knows names: the regions of the control plane, and the domains that their hosts are below.
output "names" {
  value = {
    regions = keys(data.dataplane_network_ranges.this.control_plane.regions)
    domains = data.dataplane_network_ranges.this.control_plane.domains
  }
}
