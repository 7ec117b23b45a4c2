# Each mistake is refused while planning, by the variable that has it.

mock_provider "dataplane" {}

variables {
  cluster       = { eks = { name = "prod", region = "eu-west-1" } }
  organization  = "acme"
  cluster_name  = "prod-eu"
  image         = "registry.example.com/dataplane-operator:0.1.0"
  control_plane = { endpoint = "https://acme.control.example.com" }
  storage = {
    metadata          = "s3://acme-prod-metadata"
    fast_registration = "s3://acme-prod-fast-registration"
  }
}

run "two_clusters" {
  command = plan

  variables {
    cluster = {
      eks        = { name = "prod", region = "eu-west-1" }
      kubeconfig = { path = "~/.kube/config" }
    }
  }

  expect_failures = [var.cluster]
}

run "clusters_of_two_clouds" {
  command = plan

  variables {
    cluster = {
      gke = { project = "acme-prod-123456", location = "europe-west4", name = "prod" }
      aks = { resource_group = "acme-prod", name = "prod" }
    }
  }

  expect_failures = [var.cluster]
}

run "a_private_endpoint_beside_an_address" {
  command = plan

  variables {
    cluster = {
      direct           = { host = "https://10.0.0.1" }
      private_endpoint = { host = "https://10.1.0.4" }
    }
  }

  expect_failures = [var.cluster]
}

run "an_image_that_may_change" {
  command = plan

  variables {
    image = "registry.example.com:5000/dataplane-operator"
  }

  expect_failures = [var.image]
}

run "a_token_in_the_clear" {
  command = plan

  variables {
    control_plane = { endpoint = "http://acme.control.example.com" }
  }

  expect_failures = [var.control_plane]
}

run "a_role_trusted_twice" {
  command = plan

  variables {
    roles = {
      user = {
        irsa         = { role_arn = "arn:aws:iam::123456789012:role/userflyterole" }
        pod_identity = { role_arn = "arn:aws:iam::123456789012:role/userflyterole" }
      }
    }
  }

  expect_failures = [var.roles]
}

run "a_role_of_two_clouds" {
  command = plan

  variables {
    roles = {
      admin = {
        gke   = { service_account = "adminflyterole@acme-prod-123456.iam.gserviceaccount.com" }
        azure = { client_id = "22222222-2222-2222-2222-222222222222", tenant_id = "33333333-3333-3333-3333-333333333333" }
      }
    }
  }

  expect_failures = [var.roles]
}

run "a_role_that_is_none" {
  command = plan

  variables {
    roles = { builder = {} }
  }

  expect_failures = [var.roles]
}

run "an_address_that_is_none" {
  command = plan

  variables {
    egress = { control_plane = { cidrs = ["203.0.113.0/33"] } }
  }

  expect_failures = [var.egress]
}

run "a_server_for_names_that_is_nobody" {
  command = plan

  variables {
    egress = { dns = [{ ports = [53] }] }
  }

  expect_failures = [var.egress]
}

run "a_workspace_without_a_role" {
  command = plan

  variables {
    workspaces = { fraud = { project = "fraud", domain = "production" } }
  }

  expect_failures = [dataplane_workspace.this]
}

run "one_namespace_twice" {
  command = plan

  variables {
    roles = { user = { irsa = { role_arn = "arn:aws:iam::123456789012:role/userflyterole" } } }
    workspaces = {
      one = { project = "fraud-eu", domain = "production" }
      two = { project = "fraud", domain = "eu-production" }
    }
  }

  expect_failures = [var.workspaces]
}

run "code_that_comes_no_such_way" {
  command = plan

  variables {
    components = { executor = { code_bundles = "copied" } }
  }

  expect_failures = [var.components]
}

run "an_executor_with_few_rights_and_nowhere_to_work" {
  command = plan

  variables {
    permissions = "low"
    components  = { executor = {} }
  }

  expect_failures = [var.components]
}
