variable "cluster" {
  description = <<-EOT
    The cluster; exactly one of:

    - `eks`, `gke`, `aks`: the cluster as its cloud knows it; tokens are made from the cloud's credentials
    - `kubeconfig`: a file and one of its contexts (default: the current one)
    - `direct`: the API server's address; the token comes from the provider's `kubernetes` block

    Beside `eks`, `gke` and `aks`, `private_endpoint` says where the API is reached if not at its own address.
  EOT
  type = object({
    eks              = optional(object({ name = string, region = string }))
    gke              = optional(object({ project = string, location = string, name = string }))
    aks              = optional(object({ resource_group = string, name = string }))
    private_endpoint = optional(object({ host = string, server_name = optional(string) }))
    kubeconfig       = optional(object({ path = string, context = optional(string) }))
    direct           = optional(object({ host = string, ca_certificate = optional(string), server_name = optional(string) }))
  })
  nullable = false

  validation {
    condition     = length([for way in [var.cluster.eks, var.cluster.gke, var.cluster.aks, var.cluster.kubeconfig, var.cluster.direct] : way if way != null]) == 1
    error_message = "Give exactly one of eks, gke, aks, kubeconfig and direct: they are ways to reach the same cluster."
  }

  validation {
    condition     = var.cluster.private_endpoint == null || (var.cluster.kubeconfig == null && var.cluster.direct == null)
    error_message = "private_endpoint goes with eks, gke and aks: kubeconfig and direct say themselves where the API server is."
  }
}

variable "definitions" {
  description = <<-EOT
    The custom resource definitions, which all operators of a cluster share; `null` where another configuration has them.

    - `prevent_deletion`: whether destroying is refused, since it would delete every object of their kinds
  EOT
  type = object({
    prevent_deletion = optional(bool, true)
  })
  default = {}
}

variable "organization" {
  description = "Organisation that owns the data plane; the first segment of every object's key."
  type        = string
  nullable    = false
}

variable "cluster_name" {
  description = "Name of this cluster at the control plane."
  type        = string
  nullable    = false
}

variable "image" {
  description = "Image of the operator, pinned by digest or tag."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("(@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$", var.image))
    error_message = "Pin the image, by <repository>@sha256:<digest> or by <repository>:<tag>."
  }
}

variable "image_pull_secrets" {
  description = "Secrets of the namespace by which the image is pulled."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "control_plane" {
  description = <<-EOT
    The control plane that the operator registers with.

    - `endpoint`: `https://<host>` or `https://<host>:<port>`
    - `audience`: of the service account token that is sent to it; default the endpoint
    - `ca_certificate`: in PEM, where it is not publicly trusted
  EOT
  type = object({
    endpoint       = string
    audience       = optional(string)
    ca_certificate = optional(string)
  })
  nullable = false

  validation {
    condition     = startswith(var.control_plane.endpoint, "https://")
    error_message = "The endpoint begins with https://: a token is sent to it."
  }
}

variable "storage" {
  description = "The two buckets by their URIs, as the cloud's module gives them: `s3://`, `gs://` or `abfss://`. One bucket may serve as both."
  type = object({
    metadata          = string
    fast_registration = string
    region            = optional(string)
    endpoint          = optional(string)
    layout            = optional(string)
  })
  nullable = false

  validation {
    condition     = alltrue([for uri in [var.storage.metadata, var.storage.fast_registration] : can(regex("^[a-z0-9]+://[^/]+", uri))])
    error_message = "Buckets are given by their URI, as in s3://acme-prod-metadata."
  }
}

variable "roles" {
  description = "The cloud role of each profile, as the cloud's module gives them. Each is exactly one of `irsa`, `pod_identity`, `gke` (`{}` where the rights are the service accounts' own), `google` (in a cluster that is not GKE's) and `azure`."
  type = object({
    admin = optional(object({
      irsa         = optional(object({ role_arn = string }))
      pod_identity = optional(object({ role_arn = string }))
      gke          = optional(object({ service_account = optional(string) }))
      google       = optional(object({ provider = string, audience = optional(string), service_account = optional(string) }))
      azure        = optional(object({ client_id = string, tenant_id = string }))
    }))
    user = optional(object({
      irsa         = optional(object({ role_arn = string }))
      pod_identity = optional(object({ role_arn = string }))
      gke          = optional(object({ service_account = optional(string) }))
      google       = optional(object({ provider = string, audience = optional(string), service_account = optional(string) }))
      azure        = optional(object({ client_id = string, tenant_id = string }))
    }))
    builder = optional(object({
      irsa         = optional(object({ role_arn = string }))
      pod_identity = optional(object({ role_arn = string }))
      gke          = optional(object({ service_account = optional(string) }))
      google       = optional(object({ provider = string, audience = optional(string), service_account = optional(string) }))
      azure        = optional(object({ client_id = string, tenant_id = string }))
    }))
    log_writer = optional(object({
      irsa         = optional(object({ role_arn = string }))
      pod_identity = optional(object({ role_arn = string }))
      gke          = optional(object({ service_account = optional(string) }))
      google       = optional(object({ provider = string, audience = optional(string), service_account = optional(string) }))
      azure        = optional(object({ client_id = string, tenant_id = string }))
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for role in [var.roles.admin, var.roles.user, var.roles.builder, var.roles.log_writer] :
      role == null || try(length([for way in [role.irsa, role.pod_identity, role.gke, role.google, role.azure] : way if way != null]) == 1, false)
    ])
    error_message = "Each role is exactly one of irsa, pod_identity, gke, google and azure."
  }
}

variable "name" {
  description = "Name of the operator: on the labels of its objects and in the names of what is cluster-wide."
  type        = string
  default     = "dataplane"
  nullable    = false
}

variable "namespace" {
  description = "Namespace of the operator and its components."
  type        = string
  default     = "union"
  nullable    = false
}

variable "create_namespace" {
  description = "Whether the namespace is made here, with its Pod Security level, or exists already."
  type        = bool
  default     = true
  nullable    = false
}
