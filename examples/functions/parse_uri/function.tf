output "bucket" {
  value = provider::dataplane::parse_uri("s3://acme-prod-metadata/acme/fraud/")
}
