# "acme/fraud/production/"
output "prefix" {
  value = provider::dataplane::object_prefix("acme", "fraud", "production")
}
