# What a cluster is unless somebody says otherwise.

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

mock_provider "dataplane" {}

variables {
  name               = "acme-prod"
  region             = "eu-west-1"
  kubernetes_version = "1.33"
  admins             = ["arn:aws:iam::123456789012:role/platform"]
  network = {
    id                       = "vpc-0123456789abcdef0"
    cidr                     = "10.0.0.0/16"
    subnet_ids               = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
    control_plane_subnet_ids = ["subnet-0cccccccccccccccc", "subnet-0dddddddddddddddd"]
  }
}

run "the_api_is_private" {
  command = apply

  assert {
    condition     = one(aws_eks_cluster.this.vpc_config).endpoint_private_access && !one(aws_eks_cluster.this.vpc_config).endpoint_public_access && toset(one(aws_eks_cluster.this.vpc_config).subnet_ids) == toset(["subnet-0cccccccccccccccc", "subnet-0dddddddddddddddd"])
    error_message = "The API answers in the network only, in subnets of its own."
  }

  assert {
    condition     = one(aws_eks_cluster.this.access_config).authentication_mode == "API" && !one(aws_eks_cluster.this.access_config).bootstrap_cluster_creator_admin_permissions && keys(aws_eks_access_entry.admins) == ["arn:aws:iam::123456789012:role/platform"]
    error_message = "Administrators are those that are named."
  }

  assert {
    condition     = one(aws_eks_cluster.this.encryption_config).resources == toset(["secrets"]) && one(one(aws_eks_cluster.this.encryption_config).provider).key_arn == "arn:aws:kms:eu-west-1:123456789012:key/0123" && aws_kms_key.this[0].enable_key_rotation
    error_message = "Secrets are encrypted by a key that rotates."
  }

  assert {
    condition     = contains(aws_eks_cluster.this.enabled_cluster_log_types, "audit") && aws_cloudwatch_log_group.this.retention_in_days == 90
    error_message = "The audit log is kept, and not for ever."
  }

  assert {
    condition     = output.cluster == { eks = { name = "acme-prod", region = "eu-west-1" } } && output.issuer == "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF" && output.api.ca_certificate == "-----BEGIN"
    error_message = "The outputs are what other modules take."
  }
}

run "pods_have_roles_of_their_own" {
  command = apply

  assert {
    condition     = contains(keys(aws_eks_addon.before_nodes), "eks-pod-identity-agent") && jsondecode(aws_eks_addon.before_nodes["vpc-cni"].configuration_values).enableNetworkPolicy == "true"
    error_message = "Pod Identity is on, and network policies have an effect."
  }

  assert {
    condition     = alltrue([for template in aws_launch_template.this : one(template.metadata_options).http_tokens == "required" && one(template.metadata_options).http_put_response_hop_limit == 1])
    error_message = "Pods do not reach the node's credentials."
  }

  assert {
    condition     = alltrue([for template in aws_launch_template.this : one(one(template.block_device_mappings).ebs).encrypted == "true"])
    error_message = "Disks are encrypted."
  }
}

run "an_idle_pool_costs_nothing" {
  command = apply

  variables {
    node_groups = {
      gpu = {
        instance_types = ["g6.2xlarge"]
        max_size       = 4
        taints         = [{ key = "nvidia.com/gpu", value = "present", effect = "NO_SCHEDULE" }]
      }
    }
  }

  assert {
    condition     = one(aws_eks_node_group.pools["gpu"].scaling_config).min_size == 0 && one(aws_eks_node_group.pools["gpu"].scaling_config).max_size == 4 && one(aws_eks_node_group.pools["gpu"].taint).effect == "NO_SCHEDULE"
    error_message = "A pool starts from nothing, and takes only what tolerates it."
  }

  assert {
    condition     = one(aws_eks_node_group.system.scaling_config).min_size == 2
    error_message = "The cluster's own pods have nodes."
  }
}

run "a_key_of_the_customers" {
  command = apply

  variables {
    kms_key = "arn:aws:kms:eu-west-1:123456789012:key/ours"
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && output.kms_key == "arn:aws:kms:eu-west-1:123456789012:key/ours"
    error_message = "No key is made beside the one that was given."
  }
}

run "nobody_to_administer_it" {
  command = plan

  variables {
    admins = []
  }

  expect_failures = [var.admins]
}

run "a_patch_version" {
  command = plan

  variables {
    kubernetes_version = "1.33.2"
  }

  expect_failures = [var.kubernetes_version]
}

run "a_pool_that_cannot_be" {
  command = plan

  variables {
    node_groups = { tasks = { instance_types = ["m7i.large"], min_size = 3, max_size = 2 } }
  }

  expect_failures = [var.node_groups]
}

run "a_pool_that_never_grows" {
  command = plan

  variables {
    node_groups = { tasks = { instance_types = ["m7i.large"], max_size = 0 } }
  }

  expect_failures = [var.node_groups]
}

run "another_partition" {
  command = apply

  variables {
    admins = ["arn:aws-us-gov:iam::123456789012:role/platform"]
  }

  assert {
    condition = alltrue([
      for arn in concat([aws_iam_role_policy_attachment.cluster.policy_arn], [for policy in aws_iam_role_policy_attachment.nodes : policy.policy_arn], [for policy in aws_eks_access_policy_association.admins : policy.policy_arn]) :
      startswith(arn, "arn:aws-us-gov:")
    ])
    error_message = "AWS' own policies are those of the administrators' partition."
  }
}

run "a_pool_by_the_name_of_ours" {
  command = plan

  variables {
    node_groups = { system = { instance_types = ["m7i.large"], max_size = 2 } }
  }

  expect_failures = [var.node_groups]
}

run "no_node_at_all" {
  command = plan

  variables {
    system = { size = 0 }
  }

  expect_failures = [var.system]
}

run "a_key_by_its_alias" {
  command = plan

  variables {
    kms_key = "alias/ours"
  }

  expect_failures = [var.kms_key]
}

run "runners_reach_the_api" {
  command = apply

  variables {
    authorized_ranges = { runners = "10.20.0.0/24" }
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.authorized["runners"].cidr_ipv4 == "10.20.0.0/24" && aws_vpc_security_group_ingress_rule.authorized["runners"].from_port == 443 && aws_vpc_security_group_ingress_rule.authorized["runners"].to_port == 443 && aws_vpc_security_group_ingress_rule.authorized["runners"].security_group_id == one(aws_eks_cluster.this.vpc_config).cluster_security_group_id
    error_message = "The API, and nothing else, is reached from there."
  }
}

run "everybody_is_no_range" {
  command = plan

  variables {
    authorized_ranges = { everybody = "0.0.0.0/0" }
  }

  expect_failures = [var.authorized_ranges]
}
