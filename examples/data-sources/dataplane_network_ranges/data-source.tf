data "dataplane_network_ranges" "this" {}

# For a firewall that lets nothing else out.
output "egress" {
  value = {
    addresses = data.dataplane_network_ranges.this.cloudflare.ipv4
    ports     = data.dataplane_network_ranges.this.cloudflare.ports
    as_of     = data.dataplane_network_ranges.this.cloudflare.as_of
  }
}
