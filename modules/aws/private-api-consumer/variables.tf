variable "name" {
  description = "Name of the customer's data plane; everything made here is named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of other names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "customer" {
  description = "What the customer handed over: the output `hand_over` of `modules/aws/private-api`."
  type = object({
    service_name = string
    server_name  = string
  })
  nullable = false

  validation {
    condition     = can(regex("^com\\.amazonaws\\.vpce\\.[a-z0-9-]+\\.vpce-svc-[0-9a-f]+$", var.customer.service_name))
    error_message = "The service's name is com.amazonaws.vpce.<region>.vpce-svc-<id>, as the customer's output service_name says."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9.-]+$", var.customer.server_name))
    error_message = "The server's name is the host of the cluster's own API, without https:// and port."
  }
}

variable "network" {
  description = "The vendor's network that the endpoint lies in, as `modules/aws/network` gives it. Its subnets have to be in zones where the service is offered."
  type = object({
    id         = string
    cidr       = string
    subnet_ids = list(string)
  })
  nullable = false
}

variable "clients" {
  description = "Ranges that may reach the endpoint, as those of the pipeline's runners; default the whole network."
  type        = set(string)
  default     = null

  validation {
    condition     = var.clients == null || try(length(var.clients) > 0 && alltrue([for range in var.clients : can(cidrhost(range, 0)) && !endswith(range, "/0")]), false)
    error_message = "Clients are private ranges in CIDR notation, as in 10.20.0.0/24; everybody is not among them."
  }
}

variable "dns" {
  description = "Whether the API's own host name leads to the endpoint in this network, so that kubectl works with the cluster's own kubeconfig."
  type        = bool
  default     = true
  nullable    = false
}

variable "acceptance_timeout" {
  description = "How long an apply waits for the customer to accept, as in `10m`."
  type        = string
  default     = "10m"
  nullable    = false
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}
