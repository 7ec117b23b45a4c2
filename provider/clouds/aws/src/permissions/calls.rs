//! The actions of our own calls, by what they are about and what is done.
//!
//! Buckets with a key of the customer's take none of the key here: S3 asks for it when objects are written. Nor do log
//! groups: the key's own policy lets `CloudWatch` Logs in.
//!
//! Actions of EC2 and what they are about are after AWS's service authorization reference for Amazon EC2.

use clouds::account::{Managed, Operation};

/// What a statement is about. Its name is the statement's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// Buckets and what is in them.
    Buckets,
    /// Identity providers.
    IdentityProviders,
    /// Roles.
    Roles,
    /// Roles, as they are given to a service: without a condition it would be a way to any role of the account.
    RolesToPods,
    /// Clusters and their associations of Pod Identity.
    Associations,
    /// Repositories.
    Registries,
    /// The customer's keys of repositories.
    RegistryKeys,
    /// Log groups.
    LogGroups,
    /// The list of all log groups: there is no call for one.
    LogGroupList,
    /// Secrets.
    Secrets,
    /// The customer's keys of secrets.
    SecretKeys,
    /// Private services that are made.
    NewServices,
    /// Tags of private services, in the call that makes them.
    NewServiceTags,
    /// Private services that bear a mark of this provider.
    Services,
    /// The lists of private services and their connections: EC2 has no calls for one.
    ServiceList,
    /// Private endpoints that are made.
    NewEndpoints,
    /// Tags of private endpoints, in the call that makes them.
    NewEndpointTags,
    /// Private endpoints that bear a mark of this provider.
    Endpoints,
    /// What endpoints are made in and behind: networks, subnets, route tables, security groups.
    EndpointNetworks,
    /// The zones that EC2 keeps for the names of services: it asks Route 53 in the name of who calls it.
    EndpointNames,
    /// The lists of private endpoints, services and networks: EC2 has no calls for one.
    EndpointList,
    /// Clusters.
    Clusters,
}

impl On {
    pub(super) const ALL: [Self; 22] = [
        Self::Buckets,
        Self::IdentityProviders,
        Self::Roles,
        Self::RolesToPods,
        Self::Associations,
        Self::Registries,
        Self::RegistryKeys,
        Self::LogGroups,
        Self::LogGroupList,
        Self::Secrets,
        Self::SecretKeys,
        Self::NewServices,
        Self::NewServiceTags,
        Self::Services,
        Self::ServiceList,
        Self::NewEndpoints,
        Self::NewEndpointTags,
        Self::Endpoints,
        Self::EndpointNetworks,
        Self::EndpointNames,
        Self::EndpointList,
        Self::Clusters,
    ];

    /// The kind of object that is managed by it.
    pub(super) fn managed(self) -> Managed {
        match self {
            Self::Buckets => Managed::Buckets,
            Self::IdentityProviders => Managed::IdentityProviders,
            Self::Roles | Self::RolesToPods | Self::Associations => Managed::Roles,
            Self::Registries | Self::RegistryKeys => Managed::Registries,
            Self::LogGroups | Self::LogGroupList => Managed::LogGroups,
            Self::Secrets | Self::SecretKeys => Managed::Secrets,
            Self::NewServices | Self::NewServiceTags | Self::Services | Self::ServiceList => {
                Managed::PrivateServices
            }
            Self::NewEndpoints
            | Self::NewEndpointTags
            | Self::Endpoints
            | Self::EndpointNetworks
            | Self::EndpointNames
            | Self::EndpointList => Managed::PrivateEndpoints,
            Self::Clusters => Managed::Clusters,
        }
    }
}

/// A create or an update also reads.
pub(super) const CALLS: [(On, Operation, &[&str]); 52] = [
    (
        On::Buckets,
        Operation::Create,
        &[
            "s3:CreateBucket",
            "s3:ListBucket",
            "s3:PutBucketCORS",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:TagResource",
        ],
    ),
    (
        On::Buckets,
        Operation::Read,
        &[
            "s3:GetBucketCORS",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:ListBucket",
        ],
    ),
    (
        On::Buckets,
        Operation::Update,
        &[
            "s3:PutBucketCORS",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
        ],
    ),
    (
        On::Buckets,
        Operation::Delete,
        &[
            "s3:AbortMultipartUpload",
            "s3:DeleteBucket",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            "s3:ListBucketVersions",
        ],
    ),
    (
        On::IdentityProviders,
        Operation::Create,
        &[
            "iam:CreateOpenIDConnectProvider",
            "iam:TagOpenIDConnectProvider",
            "iam:UntagOpenIDConnectProvider",
        ],
    ),
    (
        On::IdentityProviders,
        Operation::Read,
        &["iam:GetOpenIDConnectProvider"],
    ),
    (
        On::IdentityProviders,
        Operation::Update,
        &[
            "iam:AddClientIDToOpenIDConnectProvider",
            "iam:RemoveClientIDFromOpenIDConnectProvider",
            "iam:TagOpenIDConnectProvider",
            "iam:UntagOpenIDConnectProvider",
        ],
    ),
    (
        On::IdentityProviders,
        Operation::Delete,
        &["iam:DeleteOpenIDConnectProvider"],
    ),
    (
        On::Roles,
        Operation::Create,
        &[
            "iam:CreateRole",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UntagRole",
        ],
    ),
    (
        On::Roles,
        Operation::Read,
        &[
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
        ],
    ),
    (
        On::Roles,
        Operation::Update,
        &[
            "iam:DeleteRolePermissionsBoundary",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
        ],
    ),
    (
        On::Roles,
        Operation::Delete,
        &[
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
        ],
    ),
    (On::RolesToPods, Operation::Create, &["iam:PassRole"]),
    (On::RolesToPods, Operation::Update, &["iam:PassRole"]),
    (
        On::Associations,
        Operation::Create,
        &["eks:CreatePodIdentityAssociation"],
    ),
    (
        On::Associations,
        Operation::Read,
        &[
            "eks:DescribePodIdentityAssociation",
            "eks:ListPodIdentityAssociations",
        ],
    ),
    (
        On::Associations,
        Operation::Update,
        &[
            "eks:CreatePodIdentityAssociation",
            "eks:DeletePodIdentityAssociation",
            "eks:DescribePodIdentityAssociation",
            "eks:ListPodIdentityAssociations",
        ],
    ),
    (
        On::Associations,
        Operation::Delete,
        &[
            "eks:DeletePodIdentityAssociation",
            "eks:DescribePodIdentityAssociation",
            "eks:ListPodIdentityAssociations",
        ],
    ),
    (
        On::Registries,
        Operation::Create,
        &[
            "ecr:CreateRepository",
            "ecr:PutLifecyclePolicy",
            "ecr:TagResource",
            "ecr:UntagResource",
        ],
    ),
    (
        On::Registries,
        Operation::Read,
        &[
            "ecr:DescribeRepositories",
            "ecr:GetLifecyclePolicy",
            "ecr:ListTagsForResource",
        ],
    ),
    (
        On::Registries,
        Operation::Update,
        &[
            "ecr:DeleteLifecyclePolicy",
            "ecr:PutImageScanningConfiguration",
            "ecr:PutImageTagMutability",
            "ecr:PutLifecyclePolicy",
            "ecr:TagResource",
            "ecr:UntagResource",
        ],
    ),
    (
        On::Registries,
        Operation::Delete,
        &["ecr:DeleteRepository", "ecr:ListImages"],
    ),
    // ECR makes two grants on the key of a repository, and retires them with it, in the name of who calls it.
    (
        On::RegistryKeys,
        Operation::Create,
        &["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
    ),
    (On::RegistryKeys, Operation::Delete, &["kms:RetireGrant"]),
    (
        On::LogGroups,
        Operation::Create,
        &[
            "logs:CreateLogGroup",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
            "logs:UntagResource",
        ],
    ),
    (
        On::LogGroups,
        Operation::Read,
        &["logs:ListTagsForResource"],
    ),
    (
        On::LogGroups,
        Operation::Update,
        &[
            "logs:AssociateKmsKey",
            "logs:DeleteRetentionPolicy",
            "logs:DisassociateKmsKey",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
            "logs:UntagResource",
        ],
    ),
    (On::LogGroups, Operation::Delete, &["logs:DeleteLogGroup"]),
    (
        On::LogGroupList,
        Operation::Read,
        &["logs:DescribeLogGroups"],
    ),
    (
        On::Secrets,
        Operation::Create,
        &[
            "secretsmanager:CreateSecret",
            "secretsmanager:PutSecretValue",
            "secretsmanager:RestoreSecret",
            "secretsmanager:TagResource",
            "secretsmanager:UntagResource",
        ],
    ),
    (
        On::Secrets,
        Operation::Read,
        &["secretsmanager:DescribeSecret"],
    ),
    (
        On::Secrets,
        Operation::Update,
        &[
            "secretsmanager:PutSecretValue",
            "secretsmanager:TagResource",
            "secretsmanager:UntagResource",
            "secretsmanager:UpdateSecret",
        ],
    ),
    (
        On::Secrets,
        Operation::Delete,
        // One that can be brought back is marked as unfinished before it goes.
        &["secretsmanager:DeleteSecret", "secretsmanager:TagResource"],
    ),
    // Secrets Manager encrypts in the name of who calls it, and after a change of the key what it holds already.
    (
        On::SecretKeys,
        Operation::Create,
        &["kms:Decrypt", "kms:GenerateDataKey"],
    ),
    (
        On::SecretKeys,
        Operation::Update,
        &["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
    ),
    (
        On::NewServices,
        Operation::Create,
        &["ec2:CreateVpcEndpointServiceConfiguration"],
    ),
    (On::NewServiceTags, Operation::Create, &["ec2:CreateTags"]),
    (
        On::Services,
        Operation::Create,
        &[
            "ec2:CreateTags",
            "ec2:DeleteTags",
            "ec2:ModifyVpcEndpointServicePermissions",
        ],
    ),
    (
        On::Services,
        Operation::Update,
        &[
            "ec2:AcceptVpcEndpointConnections",
            "ec2:CreateTags",
            "ec2:DeleteTags",
            "ec2:ModifyVpcEndpointServiceConfiguration",
            "ec2:ModifyVpcEndpointServicePermissions",
            "ec2:RejectVpcEndpointConnections",
            "ec2:StartVpcEndpointServicePrivateDnsVerification",
        ],
    ),
    (
        On::Services,
        Operation::Delete,
        &[
            "ec2:DeleteVpcEndpointServiceConfigurations",
            "ec2:RejectVpcEndpointConnections",
        ],
    ),
    (
        On::ServiceList,
        Operation::Read,
        &[
            "ec2:DescribeVpcEndpointConnections",
            "ec2:DescribeVpcEndpointServiceConfigurations",
            "ec2:DescribeVpcEndpointServicePermissions",
        ],
    ),
    (
        On::NewEndpoints,
        Operation::Create,
        &["ec2:CreateVpcEndpoint"],
    ),
    (On::NewEndpointTags, Operation::Create, &["ec2:CreateTags"]),
    // Private DNS of a service whose owner has to let us in comes after that, in the same create.
    (
        On::Endpoints,
        Operation::Create,
        &["ec2:CreateTags", "ec2:DeleteTags", "ec2:ModifyVpcEndpoint"],
    ),
    (
        On::Endpoints,
        Operation::Update,
        &["ec2:CreateTags", "ec2:DeleteTags", "ec2:ModifyVpcEndpoint"],
    ),
    (
        On::Endpoints,
        Operation::Delete,
        &["ec2:DeleteVpcEndpoints"],
    ),
    (
        On::EndpointNetworks,
        Operation::Create,
        &["ec2:CreateVpcEndpoint"],
    ),
    (
        On::EndpointNetworks,
        Operation::Update,
        &["ec2:ModifyVpcEndpoint"],
    ),
    (
        On::EndpointNames,
        Operation::Create,
        &["route53:AssociateVPCWithHostedZone"],
    ),
    (
        On::EndpointNames,
        Operation::Update,
        &["route53:AssociateVPCWithHostedZone"],
    ),
    (
        On::EndpointList,
        Operation::Read,
        &[
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribePrefixLists",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcEndpointServices",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcs",
        ],
    ),
    (On::Clusters, Operation::Read, &["eks:DescribeCluster"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_sorted_and_named_once() {
        for (on, operation, actions) in CALLS {
            assert!(
                actions.is_sorted_by(|a, b| a < b),
                "{on:?} {operation:?}: {actions:?}"
            );
        }
    }

    #[test]
    fn reading_changes_nothing() {
        for (_, _, actions) in CALLS.iter().filter(|row| row.1 == Operation::Read) {
            for action in *actions {
                let (_, verb) = action.split_once(':').unwrap();
                assert!(
                    ["Get", "List", "Describe"]
                        .iter()
                        .any(|read| verb.starts_with(read)),
                    "{action}"
                );
            }
        }
    }
}
