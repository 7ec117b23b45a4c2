output "customer" {
  description = "What is handed over to the vendor; nothing in it is secret."
  value = merge(module.private_api.hand_over, {
    name            = var.name
    region          = var.region
    service_account = local.vendor
  })

  # What the vendor is told of is there for it to use.
  depends_on = [google_project_iam_member.vendor, google_service_account_iam_member.vendor]
}
