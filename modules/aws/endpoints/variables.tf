variable "name" {
  description = "Name of the data plane; the endpoints are named after it and their service, as in `<name>-ecr-api`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name becomes part of other names: 3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last, for example acme-prod."
  }
}

variable "region" {
  description = "Region of the network; an endpoint reaches the services of its own region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "Give a region, as in eu-west-1."
  }

  validation {
    condition     = !can(regex("^(cn|us-iso[a-z]*|eu-isoe)-", var.region))
    error_message = "In regions of China, and in AWS' isolated ones, services of endpoints have other names, which this module does not know."
  }
}

variable "network" {
  description = "The network, as `modules/aws/network` gives it: `subnet_ids`, at most one in each zone, get the interfaces, `route_table_ids` the gateways."
  type = object({
    id                         = string
    subnet_ids                 = list(string)
    route_table_ids            = list(string)
    endpoint_security_group_id = string

    # Passed on.
    cidr                     = optional(string)
    control_plane_subnet_ids = optional(list(string))
  })
  nullable = false
}

variable "services" {
  description = "Services reached over interface endpoints, as AWS names them behind `com.amazonaws.<region>.`. The default is what a cluster without a way to the internet needs, with its nodes and the data plane's pods."
  type        = set(string)
  default = [
    "autoscaling", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "kms", "logs",
    "secretsmanager", "ssm", "ssmmessages", "sts", "xray",
  ]
  nullable = false

  validation {
    condition     = alltrue([for service in var.services : can(regex("^[a-z0-9][a-z0-9.-]*$", service)) && !startswith(service, "com.amazonaws.")])
    error_message = "Name services without what stands before them, as in ecr.api for com.amazonaws.eu-west-1.ecr.api."
  }
}

variable "gateways" {
  description = "Services reached over gateway endpoints, which cost nothing: `s3` and `dynamodb` have them."
  type        = set(string)
  default     = ["s3"]
  nullable    = false

  validation {
    condition     = alltrue([for service in var.gateways : contains(["s3", "dynamodb"], service)])
    error_message = "Only s3 and dynamodb have gateway endpoints; name the others in services."
  }
}

variable "accounts" {
  description = <<-EOT
    Accounts that the endpoints lead to: that of the network, and whichever others keep what is needed there, as a registry. Over the endpoints
    go identities of these, and what they call is of these too where the service keeps data. `["*"]` lets everybody's credentials to everybody's accounts.
  EOT
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.accounts) > 0 && (var.accounts == toset(["*"]) || alltrue([for account in var.accounts : can(regex("^[0-9]{12}$", account))]))
    error_message = "Accounts are ids of 12 digits, that of the network's own among them; or [\"*\"] alone, which is everybody's."
  }
}

variable "policies" {
  description = "Endpoint policies as JSON, by service: who may do what over that endpoint, in place of what follows from `accounts`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.policies), setunion(var.services, var.gateways))) == 0
    error_message = "A policy is for one of services and gateways."
  }
}

variable "tags" {
  description = "Tags for everything made here, besides those of the provider block."
  type        = map(string)
  default     = {}
  nullable    = false
}
