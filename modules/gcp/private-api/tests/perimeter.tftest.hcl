# Within a perimeter the API is heard from where the vendor is.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  name    = "acme-prod"
  project = "acme-prod"
  cluster = {
    name         = "acme-prod"
    location     = "europe-west4"
    dns_endpoint = "gke-0123456789abcdef-123456789012.europe-west4.gke.goog"
  }
  vendor_service_accounts = ["pipeline@vendor.iam.gserviceaccount.com"]
  perimeter = {
    name    = "accessPolicies/111122223333/servicePerimeters/acme"
    sources = ["//compute.googleapis.com/projects/vendor/global/networks/pipeline"]
  }
}

run "the_vendor_is_let_in_from_its_network" {
  command = plan

  assert {
    condition     = google_access_context_manager_service_perimeter_ingress_policy.this[0].perimeter == "accessPolicies/111122223333/servicePerimeters/acme" && one(google_access_context_manager_service_perimeter_ingress_policy.this[0].ingress_from).identities == tolist(["serviceAccount:pipeline@vendor.iam.gserviceaccount.com"]) && [for source in one(google_access_context_manager_service_perimeter_ingress_policy.this[0].ingress_from).sources : source.resource] == ["//compute.googleapis.com/projects/vendor/global/networks/pipeline"]
    error_message = "Its identity comes in, from its network."
  }

  assert {
    condition     = one(google_access_context_manager_service_perimeter_ingress_policy.this[0].ingress_to).resources == tolist(["projects/123456789012"]) && [for operation in one(google_access_context_manager_service_perimeter_ingress_policy.this[0].ingress_to).operations : operation.service_name] == ["container.googleapis.com"]
    error_message = "It comes to clusters of this project, and to nothing else that the perimeter guards."
  }
}

run "a_rule_has_a_title_of_its_own" {
  command = plan

  assert {
    condition     = startswith(google_access_context_manager_service_perimeter_ingress_policy.this[0].title, "API of acme-prod/acme-prod/europe-west4 ") && length(google_access_context_manager_service_perimeter_ingress_policy.this[0].title) <= 100
    error_message = "Two clusters of one name are told apart, within what Google takes."
  }
}

run "a_rule_for_others_comes_before_the_old_one_goes" {
  command = plan

  variables {
    vendor_service_accounts = ["other@vendor.iam.gserviceaccount.com"]
  }

  assert {
    condition     = endswith(google_access_context_manager_service_perimeter_ingress_policy.this[0].title, substr(sha1(jsonencode([["serviceAccount:other@vendor.iam.gserviceaccount.com"], ["//compute.googleapis.com/projects/vendor/global/networks/pipeline"]])), 0, 8))
    error_message = "Two rules of one title cannot be there together."
  }
}

run "no_perimeter" {
  command = plan

  variables {
    perimeter = null
  }

  assert {
    condition     = length(google_access_context_manager_service_perimeter_ingress_policy.this) + length(data.google_project.this) == 0
    error_message = "Nothing is asked of a policy of the organisation."
  }
}

run "from_everywhere" {
  command = plan

  variables {
    perimeter = { name = "accessPolicies/111122223333/servicePerimeters/acme", sources = ["*"] }
  }

  expect_failures = [var.perimeter]
}

run "from_nowhere" {
  command = plan

  variables {
    perimeter = { name = "accessPolicies/111122223333/servicePerimeters/acme", sources = [] }
  }

  expect_failures = [var.perimeter]
}

run "a_name_without_its_policy" {
  command = plan

  variables {
    perimeter = { name = "acme", sources = ["projects/123456789012"] }
  }

  expect_failures = [var.perimeter]
}
