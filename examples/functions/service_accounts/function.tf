# The service accounts that the platform's roles trust, known before the operator is made.
output "admin" {
  value = provider::dataplane::service_accounts("union", []).admin
}
