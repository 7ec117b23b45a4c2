resource "dataplane_crds" "this" {
  count = var.definitions == null ? 0 : 1

  cluster          = var.cluster
  prevent_deletion = var.definitions.prevent_deletion
}

resource "dataplane_operator" "this" {
  cluster          = var.cluster
  name             = var.name
  namespace        = var.namespace
  create_namespace = var.create_namespace

  organization       = var.organization
  cluster_name       = var.cluster_name
  image              = var.image
  image_pull_secrets = var.image_pull_secrets

  control_plane = var.control_plane
  storage       = var.storage
  roles         = var.roles
  permissions   = var.permissions

  components           = var.components
  node_selector        = var.scheduling.node_selector
  tolerations          = var.scheduling.tolerations
  egress               = var.egress
  monitoring_namespace = var.monitoring_namespace
  quota                = var.quota
  limits               = var.limits
  labels               = var.labels
  patches              = var.patches
  force_destroy        = var.force_destroy

  depends_on = [dataplane_crds.this]
}

resource "dataplane_workspace" "this" {
  for_each = var.workspaces

  cluster  = var.cluster
  operator = dataplane_operator.this.id
  project  = each.value.project
  domain   = each.value.domain
  role     = var.roles.user

  quota         = each.value.quota
  limits        = each.value.limits
  egress        = each.value.egress
  dns           = var.egress.dns
  pod_security  = each.value.pod_security
  labels        = each.value.labels
  force_destroy = each.value.force_destroy

  lifecycle {
    precondition {
      condition     = var.roles.user != null
      error_message = "A workspace's pods have the user role: give roles.user, or no workspaces."
    }
  }
}
