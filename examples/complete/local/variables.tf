variable "region" {
  description = "Region that the emulator plays."
  type        = string
  default     = "eu-west-1"
}

variable "aws_endpoint" {
  description = "URL of the emulator, for every service that `aws_endpoints` does not name."
  type        = string
}

variable "aws_endpoints" {
  description = "URLs of single services, by service."
  type        = map(string)
  default     = {}
}

variable "storage_endpoint" {
  description = "URL by which pods reach the emulated buckets. These take calls over TLS only."
  type        = string
  default     = null
}

variable "kubeconfig" {
  description = "Path of the kubeconfig file."
  type        = string
}

variable "kube_context" {
  description = "Context of the kubeconfig file; default its current one."
  type        = string
  default     = null
}

variable "issuer" {
  description = "Issuer of the cluster's service account tokens, which the roles trust."
  type        = string
}

variable "operator_image" {
  description = "Image of the operator, as the node has it."
  type        = string
}

variable "control_plane" {
  description = "The control plane that the operator registers with."
  type = object({
    endpoint       = string
    audience       = optional(string)
    ca_certificate = optional(string)
  })
}

variable "task_environment" {
  description = "Variables for every task, as for the address of an emulated control plane."
  type        = map(string)
  default     = {}
}

variable "api_key" {
  description = "A secret for tasks to read. Kept in neither state nor plan."
  type        = string
  default     = "an example's secret"
  ephemeral   = true
}
