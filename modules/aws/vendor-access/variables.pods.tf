variable "pods" {
  description = <<-EOT
    How pods come by the data plane's roles. Whoever comes otherwise has nothing of what the boundary names, whatever trust the vendor writes.

    - `issuers`: of the clusters whose tokens the roles take (IRSA); default: `data_plane.names.identity_provider`
    - `pod_identity`: whether EKS Pod Identity gives them; default: where there is no issuer. It is told by a tag of the session, `eks-cluster-arn`, and
      whoever writes a trust may let others set that: name `networks` as well
    - `networks`: ids of the VPCs whose endpoints all calls of these pods go by; default: from anywhere
  EOT
  type = object({
    issuers      = optional(set(string))
    pod_identity = optional(bool)
    networks     = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = !strcontains(join(" ", var.pods.issuers == null ? try(var.data_plane.names["identity_provider"], toset([])) : var.pods.issuers), "*")
    error_message = "Name each issuer whole: a beginning is that of every cluster's, the vendor's own among them, whose pods could then be the data plane's."
  }

  validation {
    condition     = var.pods.pod_identity != false || length(var.pods.issuers == null ? try(var.data_plane.names["identity_provider"], toset([])) : var.pods.issuers) > 0
    error_message = "No pod would come by the data plane's roles: name an issuer, or leave EKS Pod Identity in."
  }

  validation {
    condition     = alltrue([for network in var.pods.networks : can(regex("^vpc-[0-9a-f]+$", network))])
    error_message = "Networks are ids of VPCs, as in vpc-0123456789abcdef0."
  }
}
