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
    condition     = alltrue([for template in aws_launch_template.this : template.vpc_security_group_ids == toset([aws_security_group.nodes[0].id, aws_security_group.egress["egress"].id, aws_security_group.egress["tunnel"].id, aws_security_group.egress["allowed"].id])])
    error_message = "Every pool has all groups, and so not EKS' own."
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

run "each_list_has_a_group_of_its_own" {
  command = apply

  # As many as are published, and more than a group takes together.
  override_data {
    target = data.dataplane_network_ranges.this
    values = {
      cloudflare = { ipv4 = ["104.0.0.0/16", "104.1.0.0/16", "104.2.0.0/16", "104.3.0.0/16", "104.4.0.0/16", "104.5.0.0/16", "104.6.0.0/16", "104.7.0.0/16", "104.8.0.0/16", "104.9.0.0/16", "104.10.0.0/16", "104.11.0.0/16", "104.12.0.0/16", "104.13.0.0/16", "104.14.0.0/16"], ports = [443] }
      tunnel     = { ipv4 = ["198.41.192.0/32", "198.41.192.1/32", "198.41.192.2/32", "198.41.192.3/32", "198.41.192.4/32", "198.41.192.5/32", "198.41.192.6/32", "198.41.192.7/32", "198.41.192.8/32", "198.41.192.9/32", "198.41.192.10/32", "198.41.192.11/32", "198.41.192.12/32", "198.41.192.13/32", "198.41.192.14/32", "198.41.192.15/32", "198.41.192.16/32", "198.41.192.17/32", "198.41.192.18/32", "198.41.192.19/32"], ports = [7844] }
    }
  }

  variables {
    egress = {
      mode         = "limited"
      prefix_lists = { s3 = "pl-6da54004" }
      allowed      = { registry = { cidrs = ["192.0.2.0/24", "198.51.100.0/24"], ports = [443, 5000] } }
    }
  }

  assert {
    condition = { for group, of in aws_security_group.egress : group => length([for rule in aws_vpc_security_group_egress_rule.allowed : rule if rule.security_group_id == of.id]) } == {
      egress  = 15
      tunnel  = 40
      allowed = 4
    }
    error_message = "Rules are in the group of their list."
  }

  assert {
    condition     = length(aws_security_group.egress) + length(aws_security_group.nodes) <= 5
    error_message = "AWS takes five groups of an interface."
  }
}

run "nothing_named_needs_no_group" {
  command = plan

  variables {
    egress = { mode = "limited" }
  }

  assert {
    condition     = keys(aws_security_group.egress) == ["egress", "tunnel"]
    error_message = "Groups are for what is in them."
  }
}

run "a_group_takes_sixty_rules" {
  command = plan

  variables {
    egress = { mode = "limited", allowed = { registry = { cidrs = [for index in range(31) : "192.0.2.${index}/32"], ports = [443, 5000] } } }
  }

  expect_failures = [aws_security_group.egress["allowed"]]
}

run "a_longer_list_is_told_before_it_is_refused" {
  command = plan

  override_data {
    target = data.dataplane_network_ranges.this
    values = {
      cloudflare = { ipv4 = ["104.16.0.0/13"], ports = [443] }
      tunnel     = { ipv4 = ["198.41.192.0/32", "198.41.192.1/32", "198.41.192.2/32", "198.41.192.3/32", "198.41.192.4/32", "198.41.192.5/32", "198.41.192.6/32", "198.41.192.7/32", "198.41.192.8/32", "198.41.192.9/32", "198.41.192.10/32", "198.41.192.11/32", "198.41.192.12/32", "198.41.192.13/32", "198.41.192.14/32", "198.41.192.15/32", "198.41.192.16/32", "198.41.192.17/32", "198.41.192.18/32", "198.41.192.19/32", "198.41.192.20/32", "198.41.192.21/32", "198.41.192.22/32", "198.41.192.23/32", "198.41.192.24/32", "198.41.192.25/32", "198.41.192.26/32", "198.41.192.27/32", "198.41.192.28/32", "198.41.192.29/32", "198.41.192.30/32"], ports = [7844] }
    }
  }

  variables {
    egress = { mode = "limited" }
  }

  expect_failures = [aws_security_group.egress["tunnel"]]
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
