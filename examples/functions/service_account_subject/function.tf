# "system:serviceaccount:fraud-production:default"
output "subject" {
  value = provider::dataplane::service_account_subject("fraud-production", "default")
}
