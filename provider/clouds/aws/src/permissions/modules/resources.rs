//! What each type of resource of hashicorp/aws takes that a module holds.
//!
//! Written from the calls that the provider makes (6.x) and AWS's service authorization reference, with the actions that a call asks for
//! of other services; no emulator asks for these, so nothing here is proved as the calls of our own resources are. Where a type is
//! read as data, that takes its `read`.

use clouds::account::Operation;

/// A type, and its actions by what is done, each list in one text.
pub(super) struct Resource {
    pub(super) name: &'static str,
    /// Kinds of objects of EC2 that its actions are about.
    pub(super) ec2: &'static str,
    /// Services that it gives a role to.
    pub(super) passes: &'static str,
    /// Services that make a role of their own with the first of it.
    pub(super) linked: &'static str,
    create: &'static str,
    read: &'static str,
    update: &'static str,
    delete: &'static str,
}

impl Resource {
    /// A type that asks AWS for nothing that takes a grant.
    const NONE: Self = Self {
        name: "",
        ec2: "",
        passes: "",
        linked: "",
        create: "",
        read: "",
        update: "",
        delete: "",
    };

    pub(super) fn actions(&self, operation: Operation) -> impl Iterator<Item = &'static str> {
        let all = match operation {
            Operation::Create => self.create,
            Operation::Read => self.read,
            Operation::Update => self.update,
            Operation::Delete => self.delete,
        };
        all.split_whitespace()
    }
}

/// What takes no grant: files on disk; who calls; the partition, which the region says; a run of a function, which is neither read nor
/// deleted; and a network's own group, which stays when its resource goes.
#[cfg(test)]
pub(super) const SILENT: [(&str, &[Operation]); 5] = [
    ("aws_default_security_group", &[Operation::Delete]),
    ("archive_file", &Operation::ALL),
    ("aws_caller_identity", &Operation::ALL),
    ("aws_partition", &Operation::ALL),
    (
        "aws_lambda_invocation",
        &[Operation::Read, Operation::Delete],
    ),
];

pub(super) const RESOURCES: [Resource; 41] = [
    Resource {
        name: "archive_file",
        ..Resource::NONE
    },
    Resource {
        name: "aws_caller_identity",
        ..Resource::NONE
    },
    Resource {
        name: "aws_cloudwatch_event_rule",
        create: "events:PutRule events:TagResource",
        read: "events:DescribeRule events:ListTagsForResource",
        update: "events:PutRule events:TagResource events:UntagResource",
        delete: "events:DeleteRule",
        ..Resource::NONE
    },
    Resource {
        name: "aws_cloudwatch_event_target",
        create: "events:PutTargets",
        read: "events:ListTargetsByRule",
        update: "events:PutTargets",
        delete: "events:RemoveTargets",
        ..Resource::NONE
    },
    Resource {
        name: "aws_cloudwatch_log_group",
        create: "logs:AssociateKmsKey logs:CreateLogGroup logs:PutRetentionPolicy logs:TagResource",
        read: "logs:DescribeLogGroups logs:ListTagsForResource",
        update: "logs:AssociateKmsKey logs:DeleteRetentionPolicy logs:DisassociateKmsKey logs:PutRetentionPolicy logs:TagResource \
                 logs:UntagResource",
        delete: "logs:DeleteLogGroup",
        ..Resource::NONE
    },
    Resource {
        name: "aws_cloudwatch_log_metric_filter",
        create: "logs:PutMetricFilter",
        read: "logs:DescribeMetricFilters",
        update: "logs:PutMetricFilter",
        delete: "logs:DeleteMetricFilter",
        ..Resource::NONE
    },
    Resource {
        name: "aws_cloudwatch_metric_alarm",
        create: "cloudwatch:PutMetricAlarm cloudwatch:TagResource",
        read: "cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource",
        update: "cloudwatch:PutMetricAlarm cloudwatch:TagResource cloudwatch:UntagResource",
        delete: "cloudwatch:DeleteAlarms",
        ..Resource::NONE
    },
    // The network's own group is taken over, not made: it is tagged in a call of its own.
    Resource {
        name: "aws_default_security_group",
        ec2: "security-group",
        create: "ec2:CreateTags ec2:RevokeSecurityGroupEgress ec2:RevokeSecurityGroupIngress",
        read: "ec2:DescribeSecurityGroups",
        update: "ec2:CreateTags ec2:DeleteTags ec2:RevokeSecurityGroupEgress ec2:RevokeSecurityGroupIngress",
        ..Resource::NONE
    },
    Resource {
        name: "aws_eip",
        ec2: "elastic-ip",
        create: "ec2:AllocateAddress",
        read: "ec2:DescribeAddresses ec2:DescribeAddressesAttribute",
        update: "ec2:CreateTags ec2:DeleteTags",
        delete: "ec2:DisassociateAddress ec2:ReleaseAddress",
        ..Resource::NONE
    },
    Resource {
        name: "aws_eks_access_entry",
        create: "eks:CreateAccessEntry eks:TagResource",
        read: "eks:DescribeAccessEntry eks:ListTagsForResource",
        update: "eks:TagResource eks:UntagResource eks:UpdateAccessEntry",
        delete: "eks:DeleteAccessEntry",
        ..Resource::NONE
    },
    Resource {
        name: "aws_eks_access_policy_association",
        create: "eks:AssociateAccessPolicy",
        read: "eks:ListAssociatedAccessPolicies",
        update: "eks:AssociateAccessPolicy eks:DisassociateAccessPolicy",
        delete: "eks:DisassociateAccessPolicy",
        ..Resource::NONE
    },
    Resource {
        name: "aws_eks_addon",
        create: "eks:CreateAddon eks:TagResource",
        read: "eks:DescribeAddon eks:ListTagsForResource",
        update: "eks:DescribeUpdate eks:TagResource eks:UntagResource eks:UpdateAddon",
        delete: "eks:DeleteAddon",
        ..Resource::NONE
    },
    // EKS looks at the network and the role, and makes a grant on the key, in the name of who calls it.
    Resource {
        name: "aws_eks_cluster",
        passes: "eks.amazonaws.com",
        linked: "eks.amazonaws.com",
        create: "ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs eks:CreateCluster eks:TagResource iam:GetRole \
                 iam:ListAttachedRolePolicies kms:CreateGrant kms:DescribeKey iam:CreateServiceLinkedRole iam:PassRole",
        read: "eks:DescribeCluster eks:ListTagsForResource",
        update: "eks:AssociateEncryptionConfig eks:DescribeUpdate eks:TagResource eks:UntagResource eks:UpdateClusterConfig \
                 eks:UpdateClusterVersion kms:CreateGrant kms:DescribeKey",
        delete: "eks:DeleteCluster",
        ..Resource::NONE
    },
    // With a launch template EKS asks whether the caller could start instances from it.
    Resource {
        name: "aws_eks_node_group",
        ec2: "instance launch-template network-interface security-group subnet volume",
        passes: "ec2.amazonaws.com eks.amazonaws.com",
        linked: "eks-nodegroup.amazonaws.com",
        create: "ec2:DescribeInstanceTypes ec2:DescribeLaunchTemplateVersions ec2:DescribeSubnets ec2:RunInstances eks:CreateNodegroup \
                 eks:TagResource iam:CreateServiceLinkedRole iam:GetRole iam:ListAttachedRolePolicies iam:PassRole",
        read: "eks:DescribeNodegroup eks:ListTagsForResource",
        update: "ec2:DescribeLaunchTemplateVersions ec2:RunInstances eks:DescribeUpdate eks:TagResource eks:UntagResource \
                 eks:UpdateNodegroupConfig eks:UpdateNodegroupVersion",
        delete: "eks:DeleteNodegroup",
    },
    Resource {
        name: "aws_flow_log",
        ec2: "vpc vpc-flow-log",
        passes: "vpc-flow-logs.amazonaws.com",
        create: "ec2:CreateFlowLogs iam:PassRole",
        read: "ec2:DescribeFlowLogs",
        update: "ec2:CreateTags ec2:DeleteTags",
        delete: "ec2:DeleteFlowLogs",
        ..Resource::NONE
    },
    Resource {
        name: "aws_iam_policy",
        create: "iam:CreatePolicy iam:TagPolicy",
        read: "iam:GetPolicy iam:GetPolicyVersion iam:ListPolicyTags",
        update: "iam:CreatePolicyVersion iam:DeletePolicyVersion iam:ListPolicyVersions iam:TagPolicy iam:UntagPolicy",
        delete: "iam:DeletePolicy iam:DeletePolicyVersion iam:ListPolicyVersions",
        ..Resource::NONE
    },
    // A role that is deleted is taken out of instance profiles first; those of nodes are looked at.
    Resource {
        name: "aws_iam_role",
        create: "iam:CreateRole iam:PutRolePermissionsBoundary iam:TagRole",
        read: "iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies iam:ListRolePolicies",
        update: "iam:DeleteRolePermissionsBoundary iam:PutRolePermissionsBoundary iam:TagRole iam:UntagRole iam:UpdateAssumeRolePolicy \
                 iam:UpdateRole iam:UpdateRoleDescription",
        delete: "iam:DeleteRole iam:ListInstanceProfilesForRole",
        ..Resource::NONE
    },
    Resource {
        name: "aws_iam_role_policy",
        create: "iam:PutRolePolicy",
        read: "iam:GetRolePolicy",
        update: "iam:PutRolePolicy",
        delete: "iam:DeleteRolePolicy",
        ..Resource::NONE
    },
    Resource {
        name: "aws_iam_role_policy_attachment",
        create: "iam:AttachRolePolicy",
        read: "iam:ListAttachedRolePolicies",
        delete: "iam:DetachRolePolicy",
        ..Resource::NONE
    },
    // Read as data alone.
    Resource {
        name: "aws_iam_roles",
        read: "iam:ListRoles",
        ..Resource::NONE
    },
    Resource {
        name: "aws_internet_gateway",
        ec2: "internet-gateway vpc",
        create: "ec2:AttachInternetGateway ec2:CreateInternetGateway",
        read: "ec2:DescribeInternetGateways",
        update: "ec2:CreateTags ec2:DeleteTags",
        delete: "ec2:DeleteInternetGateway ec2:DetachInternetGateway",
        ..Resource::NONE
    },
    Resource {
        name: "aws_kms_key",
        create: "kms:CreateKey kms:EnableKeyRotation kms:TagResource",
        read: "kms:DescribeKey kms:GetKeyPolicy kms:GetKeyRotationStatus kms:ListResourceTags",
        update: "kms:EnableKeyRotation kms:TagResource kms:UntagResource kms:UpdateKeyDescription",
        delete: "kms:ScheduleKeyDeletion",
        ..Resource::NONE
    },
    Resource {
        name: "aws_lambda_function",
        passes: "lambda.amazonaws.com",
        create: "iam:PassRole lambda:CreateFunction lambda:TagResource",
        read: "lambda:GetFunction lambda:GetFunctionCodeSigningConfig lambda:GetFunctionConfiguration lambda:ListTags \
               lambda:ListVersionsByFunction",
        update: "iam:PassRole lambda:TagResource lambda:UntagResource lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration",
        delete: "lambda:DeleteFunction",
        ..Resource::NONE
    },
    Resource {
        name: "aws_lambda_invocation",
        create: "lambda:InvokeFunction",
        update: "lambda:InvokeFunction",
        ..Resource::NONE
    },
    Resource {
        name: "aws_lambda_permission",
        create: "lambda:AddPermission",
        read: "lambda:GetPolicy",
        delete: "lambda:RemovePermission",
        ..Resource::NONE
    },
    Resource {
        name: "aws_launch_template",
        ec2: "launch-template",
        create: "ec2:CreateLaunchTemplate",
        read: "ec2:DescribeLaunchTemplateVersions ec2:DescribeLaunchTemplates",
        update: "ec2:CreateLaunchTemplateVersion ec2:CreateTags ec2:DeleteTags ec2:ModifyLaunchTemplate",
        delete: "ec2:DeleteLaunchTemplate",
        ..Resource::NONE
    },
    // The service looks at the network in the name of who calls it; a deletion waits for the balancer's interfaces.
    Resource {
        name: "aws_lb",
        linked: "elasticloadbalancing.amazonaws.com",
        create: "ec2:DescribeAccountAttributes ec2:DescribeInternetGateways ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs \
                 elasticloadbalancing:AddTags elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:ModifyLoadBalancerAttributes \
                 elasticloadbalancing:SetSecurityGroups iam:CreateServiceLinkedRole",
        read: "elasticloadbalancing:DescribeCapacityReservation elasticloadbalancing:DescribeLoadBalancerAttributes \
               elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeTags",
        update: "ec2:DescribeSecurityGroups ec2:DescribeSubnets elasticloadbalancing:AddTags \
                 elasticloadbalancing:ModifyLoadBalancerAttributes elasticloadbalancing:RemoveTags elasticloadbalancing:SetSecurityGroups \
                 elasticloadbalancing:SetSubnets",
        delete: "ec2:DescribeNetworkInterfaces elasticloadbalancing:DeleteLoadBalancer",
        ..Resource::NONE
    },
    Resource {
        name: "aws_lb_listener",
        create: "elasticloadbalancing:AddTags elasticloadbalancing:CreateListener elasticloadbalancing:ModifyListenerAttributes",
        read: "elasticloadbalancing:DescribeListenerAttributes elasticloadbalancing:DescribeListeners elasticloadbalancing:DescribeTags",
        update: "elasticloadbalancing:AddTags elasticloadbalancing:ModifyListener elasticloadbalancing:ModifyListenerAttributes \
                 elasticloadbalancing:RemoveTags",
        delete: "elasticloadbalancing:DeleteListener",
        ..Resource::NONE
    },
    Resource {
        name: "aws_lb_target_group",
        create: "ec2:DescribeVpcs elasticloadbalancing:AddTags elasticloadbalancing:CreateTargetGroup \
                 elasticloadbalancing:ModifyTargetGroupAttributes",
        read: "elasticloadbalancing:DescribeTags elasticloadbalancing:DescribeTargetGroupAttributes \
               elasticloadbalancing:DescribeTargetGroups",
        update: "elasticloadbalancing:AddTags elasticloadbalancing:ModifyTargetGroup elasticloadbalancing:ModifyTargetGroupAttributes \
                 elasticloadbalancing:RemoveTags",
        delete: "elasticloadbalancing:DeleteTargetGroup",
        ..Resource::NONE
    },
    Resource {
        name: "aws_nat_gateway",
        ec2: "elastic-ip natgateway subnet",
        create: "ec2:CreateNatGateway",
        read: "ec2:DescribeNatGateways",
        update: "ec2:CreateTags ec2:DeleteTags",
        delete: "ec2:DeleteNatGateway",
        ..Resource::NONE
    },
    Resource {
        name: "aws_partition",
        ..Resource::NONE
    },
    Resource {
        name: "aws_route",
        ec2: "route-table",
        create: "ec2:CreateRoute",
        read: "ec2:DescribeRouteTables",
        update: "ec2:ReplaceRoute",
        delete: "ec2:DeleteRoute",
        ..Resource::NONE
    },
    // An alias is known to its own zone only.
    Resource {
        name: "aws_route53_record",
        create: "route53:ChangeResourceRecordSets route53:GetChange",
        read: "route53:GetHostedZone route53:ListResourceRecordSets",
        update: "route53:ChangeResourceRecordSets route53:GetChange",
        delete: "route53:ChangeResourceRecordSets route53:GetChange",
        ..Resource::NONE
    },
    // A private zone is made in a network, which the service looks at in the name of who calls it.
    Resource {
        name: "aws_route53_zone",
        create: "ec2:DescribeVpcs route53:AssociateVPCWithHostedZone route53:ChangeTagsForResource route53:CreateHostedZone route53:GetChange",
        read: "route53:GetHostedZone route53:ListResourceRecordSets route53:ListTagsForResource",
        update: "ec2:DescribeVpcs route53:AssociateVPCWithHostedZone route53:ChangeTagsForResource route53:DisassociateVPCFromHostedZone \
                 route53:GetChange route53:UpdateHostedZoneComment",
        delete: "route53:DeleteHostedZone route53:GetChange",
        ..Resource::NONE
    },
    Resource {
        name: "aws_route_table",
        ec2: "route-table vpc",
        create: "ec2:CreateRouteTable",
        read: "ec2:DescribeRouteTables",
        update: "ec2:CreateTags ec2:DeleteTags",
        delete: "ec2:DeleteRouteTable ec2:DisassociateRouteTable",
        ..Resource::NONE
    },
    Resource {
        name: "aws_route_table_association",
        ec2: "route-table subnet",
        create: "ec2:AssociateRouteTable",
        read: "ec2:DescribeRouteTables",
        update: "ec2:ReplaceRouteTableAssociation",
        delete: "ec2:DisassociateRouteTable",
        ..Resource::NONE
    },
    // A new group lets everything out: that rule goes at once. Interfaces that functions and pods left behind go before a group does.
    Resource {
        name: "aws_security_group",
        ec2: "network-interface security-group vpc",
        create: "ec2:CreateSecurityGroup ec2:RevokeSecurityGroupEgress",
        read: "ec2:DescribeSecurityGroups",
        update: "ec2:CreateTags ec2:DeleteTags",
        delete: "ec2:DeleteNetworkInterface ec2:DeleteSecurityGroup ec2:DescribeNetworkInterfaces ec2:DetachNetworkInterface",
        ..Resource::NONE
    },
    Resource {
        name: "aws_subnet",
        ec2: "network-interface subnet vpc",
        create: "ec2:CreateSubnet ec2:ModifySubnetAttribute",
        read: "ec2:DescribeSubnets",
        update: "ec2:CreateTags ec2:DeleteTags ec2:ModifySubnetAttribute",
        delete: "ec2:DeleteNetworkInterface ec2:DeleteSubnet ec2:DescribeNetworkInterfaces ec2:DetachNetworkInterface",
        ..Resource::NONE
    },
    Resource {
        name: "aws_vpc",
        ec2: "vpc",
        create: "ec2:CreateVpc ec2:ModifyVpcAttribute",
        read: "ec2:DescribeNetworkAcls ec2:DescribeRouteTables ec2:DescribeSecurityGroups ec2:DescribeVpcAttribute ec2:DescribeVpcs",
        update: "ec2:CreateTags ec2:DeleteTags ec2:ModifyVpcAttribute",
        delete: "ec2:DeleteVpc",
        ..Resource::NONE
    },
    Resource {
        name: "aws_vpc_security_group_egress_rule",
        ec2: "security-group security-group-rule",
        create: "ec2:AuthorizeSecurityGroupEgress",
        read: "ec2:DescribeSecurityGroupRules",
        update: "ec2:CreateTags ec2:DeleteTags ec2:ModifySecurityGroupRules",
        delete: "ec2:RevokeSecurityGroupEgress",
        ..Resource::NONE
    },
    Resource {
        name: "aws_vpc_security_group_ingress_rule",
        ec2: "security-group security-group-rule",
        create: "ec2:AuthorizeSecurityGroupIngress",
        read: "ec2:DescribeSecurityGroupRules",
        update: "ec2:CreateTags ec2:DeleteTags ec2:ModifySecurityGroupRules",
        delete: "ec2:RevokeSecurityGroupIngress",
        ..Resource::NONE
    },
];
