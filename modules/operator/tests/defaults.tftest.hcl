# The operator, its definitions and its workspaces from what modules/aws gives.

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
  roles = {
    admin = { irsa = { role_arn = "arn:aws:iam::123456789012:role/adminflyterole" } }
    user  = { irsa = { role_arn = "arn:aws:iam::123456789012:role/userflyterole" } }
  }
  workspaces = {
    fraud = { project = "fraud", domain = "production", quota = { "limits.cpu" = "16" } }
  }
}

run "one_cluster_for_all" {
  command = plan

  assert {
    condition     = dataplane_crds.this[0].cluster.eks.name == "prod" && dataplane_operator.this.cluster.eks.name == "prod" && dataplane_workspace.this["fraud"].cluster.eks.name == "prod"
    error_message = "Everything goes to the same cluster."
  }

  assert {
    condition     = dataplane_operator.this.namespace == "union" && dataplane_operator.this.create_namespace && dataplane_crds.this[0].prevent_deletion
    error_message = "The operator has a namespace of its own, and the definitions are kept."
  }
}

run "a_workspace_has_the_user_role_and_waits_for_the_operator" {
  command = apply

  override_resource {
    target = dataplane_operator.this
    values = { id = "union/dataplane" }
  }

  assert {
    condition     = dataplane_workspace.this["fraud"].role.irsa.role_arn == var.roles.user.irsa.role_arn && dataplane_workspace.this["fraud"].operator == dataplane_operator.this.id
    error_message = "Task pods have the user role, and the workspace goes before the operator does."
  }

  assert {
    condition     = dataplane_workspace.this["fraud"].quota["limits.cpu"] == "16"
    error_message = "The quota is the workspace's."
  }
}

run "definitions_of_another_operator" {
  command = plan

  variables {
    definitions = null
  }

  assert {
    condition     = length(dataplane_crds.this) == 0
    error_message = "Definitions are made once per cluster."
  }
}
