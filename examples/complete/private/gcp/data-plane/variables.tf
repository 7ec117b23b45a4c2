variable "foundation" {
  description = "What the foundation says: the output `foundation` of its root."
  type = object({
    name    = string
    project = string
    region  = string
    cluster = object({ gke = object({ project = string, location = string, name = string }) })
    nodes   = string
    google  = list(string)
  })
}

variable "operator_image" {
  description = "Image of the operator, pinned by its digest."
  type        = string
}

variable "control_plane_endpoint" {
  description = "The control plane that the operator registers with."
  type        = string
}
