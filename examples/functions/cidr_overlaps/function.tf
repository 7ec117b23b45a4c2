# ["10.0.0.0/16 overlaps 10.0.128.0/17"]
output "overlaps" {
  value = provider::dataplane::cidr_overlaps(["10.0.0.0/16"], ["10.0.128.0/17", "192.168.0.0/16"])
}
