# Where nodes and pods may go.

mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/0123" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/some" }
  }
  mock_resource "aws_eks_cluster" {
    defaults = {
      endpoint              = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      certificate_authority = [{ data = "LS0tLS1CRUdJTg==" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF" }] }]
    }
  }
}

mock_provider "dataplane" {
  mock_data "dataplane_network_ranges" {
    defaults = {
      cloudflare = { ipv4 = ["104.16.0.0/13", "172.64.0.0/13"], ports = [443] }
      tunnel     = { ipv4 = ["198.41.192.167/32"], ports = [7844] }
    }
  }
}

variables {
  name               = "acme-prod"
  region             = "eu-west-1"
  kubernetes_version = "1.33"
  admins             = ["arn:aws:iam::123456789012:role/platform"]
  network = {
    id                         = "vpc-0123456789abcdef0"
    cidr                       = "10.0.0.0/16"
    subnet_ids                 = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
    control_plane_subnet_ids   = ["subnet-0cccccccccccccccc", "subnet-0dddddddddddddddd"]
    endpoint_security_group_id = "sg-0eeeeeeeeeeeeeeee"
  }
  node_groups = { tasks = { instance_types = ["m7i.2xlarge"], max_size = 3 } }
}

run "nodes_are_eks_own_unless_limited" {
  command = apply

  assert {
    condition     = length(aws_security_group.nodes) == 0 && length(aws_security_group.egress) == 0 && alltrue([for template in aws_launch_template.this : try(length(template.vpc_security_group_ids), 0) == 0])
    error_message = "Nodes that name no group get EKS' own."
  }
}

run "limited_is_what_is_listed" {
  command = apply

  variables {
    egress = {
      mode         = "limited"
      prefix_lists = { s3 = "pl-6da54004" }
      allowed      = { registry = { cidrs = ["192.0.2.0/24"], ports = [443, 5000] } }
    }
  }

  assert {
    condition     = alltrue([for template in aws_launch_template.this : template.vpc_security_group_ids == toset([aws_security_group.nodes[0].id, aws_security_group.egress[0].id])])
    error_message = "Every pool has the two groups, and so not EKS' own."
  }

  assert {
    condition = toset([for rule in aws_vpc_security_group_egress_rule.allowed : "${rule.cidr_ipv4} ${rule.from_port}-${rule.to_port}/${rule.ip_protocol}"]) == toset([
      "104.16.0.0/13 443-443/tcp", "172.64.0.0/13 443-443/tcp",
      "198.41.192.167/32 7844-7844/tcp", "198.41.192.167/32 7844-7844/udp",
      "192.0.2.0/24 443-443/tcp", "192.0.2.0/24 5000-5000/tcp",
    ])
    error_message = "The control plane and the tunnel's edge are allowed, and what is named."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.endpoints[0].referenced_security_group_id == "sg-0eeeeeeeeeeeeeeee" && aws_vpc_security_group_egress_rule.gateways["s3"].prefix_list_id == "pl-6da54004"
    error_message = "AWS' services are reached by their endpoints."
  }

  assert {
    condition     = alltrue([for rule in [aws_vpc_security_group_egress_rule.nodes_to_nodes[0], aws_vpc_security_group_egress_rule.nodes_to_cluster[0]] : rule.cidr_ipv4 == null && rule.referenced_security_group_id != null])
    error_message = "Inside, groups are named and no ranges."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.cluster_from_nodes[0].security_group_id == one(aws_eks_cluster.this.vpc_config).cluster_security_group_id && aws_vpc_security_group_ingress_rule.cluster_from_nodes[0].from_port == 443
    error_message = "Nodes without EKS' group still reach the API."
  }
}

run "everything_is_no_limit" {
  command = plan

  variables {
    egress = { mode = "limited", allowed = { anywhere = { cidrs = ["0.0.0.0/0"] } } }
  }

  expect_failures = [var.egress]
}

run "an_open_way_has_no_list" {
  command = plan

  variables {
    egress = { allowed = { registry = { cidrs = ["192.0.2.0/24"] } } }
  }

  expect_failures = [var.egress]
}

run "a_mode_is_one_of_two" {
  command = plan

  variables {
    egress = { mode = "closed" }
  }

  expect_failures = [var.egress]
}

run "limited_without_endpoints" {
  command = plan

  variables {
    network = {
      id                       = "vpc-0123456789abcdef0"
      cidr                     = "10.0.0.0/16"
      subnet_ids               = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
      control_plane_subnet_ids = ["subnet-0cccccccccccccccc", "subnet-0dddddddddddddddd"]
    }
    egress = { mode = "limited" }
  }

  expect_failures = [var.egress]
}
