variable "project" {
  description = "The project this is for, by its id; another one is refused before anything is changed."
  type        = string
}

variable "region" {
  description = "Region of everything made here."
  type        = string
}

variable "name" {
  description = "Name of the data plane, of its network and of its cluster."
  type        = string
  default     = "acme-prod"
}

variable "existing" {
  description = "A network that is there already, as `existing` of modules/gcp/network takes it; then none is made. It has a way out to the control plane."
  type = object({
    network        = string
    subnet         = string
    pods_range     = string
    services_range = string
  })
  default = null
}

variable "endpoint_address" {
  description = "Address that the names of Google's services lead to: a private one that no subnet has; default one that is free."
  type        = string
  default     = null
}

variable "authorized_ranges" {
  description = "Private ranges outside of the network from which the cluster's API is reached, as those of runners, by what they are."
  type        = map(string)
  default     = {}
}
