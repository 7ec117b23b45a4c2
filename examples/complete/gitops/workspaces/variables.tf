variable "kubeconfig" {
  description = "A kubeconfig of somebody who may make namespaces in the cluster."
  type        = string
}

variable "context" {
  description = "Its context; default the current one."
  type        = string
  default     = null
}

variable "user_role" {
  description = "Cloud role of task pods: the output `user_role` of the other root."
  type = object({
    irsa = object({ role_arn = string })
  })
}
