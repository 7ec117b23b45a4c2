# The most that roles of the data plane can do. Whoever writes the policies of roles and says who may take them has what these can have,
# so no role of the vendor's making can do more than the data plane's own do, which is what the provider's profiles say. And these have it
# in the cluster only: a trust that lets somebody else in gives nothing, and nothing of it is left when the vendor's own roles are gone.

data "aws_caller_identity" "this" {}

locals {
  issuers  = sort(var.pods.issuers == null ? try(var.data_plane.names["identity_provider"], toset([])) : var.pods.issuers)
  clusters = sort(try(var.data_plane.names["cluster"], toset(["*"])))

  by_token = { for key in ["aws:FederatedProvider"] : key => [
    for issuer in local.issuers : "arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:oidc-provider/${trimprefix(issuer, "https://")}"
  ] if length(local.issuers) > 0 }

  by_agent = { for key in ["aws:PrincipalTag/eks-cluster-arn"] : key => [
    for cluster in local.clusters : "arn:${data.aws_partition.this.partition}:eks:*:${data.aws_caller_identity.this.account_id}:cluster/${cluster}"
  ] if var.pods.pod_identity == null ? length(local.issuers) == 0 : var.pods.pod_identity }

  # What is negated holds for who has no such key, too.
  out_of_cluster = concat(
    [{
      Sid       = "InClusterOnly"
      Effect    = "Deny"
      Action    = "*"
      Resource  = "*"
      Condition = { for operator, keys in { StringNotEquals = local.by_token, StringNotLike = local.by_agent } : operator => keys if length(keys) > 0 }
    }],
    [for networks in [sort(var.pods.networks)] : {
      Sid      = "FromTheseNetworksOnly"
      Effect   = "Deny"
      Action   = "*"
      Resource = "*"
      Condition = {
        StringNotEquals = { "aws:SourceVpc" = networks }
        # What AWS itself does for a caller comes from elsewhere.
        BoolIfExists = { "aws:ViaAWSService" = "false" }
      }
    } if length(networks) > 0],
  )

  boundary = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        # Profiles share statements, and a Sid stands once in a policy. One statement stands without a list.
        for statement in toset(flatten([
          for profile in values(data.dataplane_permissions.this.profiles) : [
            for statement in flatten([jsondecode(profile).Statement]) : jsonencode({ for key, value in statement : key => value if key != "Sid" })
          ]
        ])) : jsondecode(statement)
      ],
      local.out_of_cluster,
    )
  })
}

resource "aws_iam_policy" "boundary" {
  name        = "${var.tenant}-boundary"
  path        = var.path
  description = "The most that roles of the data plane of ${var.tenant} can do"
  tags        = var.tags
  policy      = local.boundary

  lifecycle {
    precondition {
      condition     = length(local.boundary) <= 6144
      error_message = "The boundary would be ${length(local.boundary)} characters long, and IAM takes 6144: name fewer buckets, keys and log groups of data_plane, or issuers and networks of pods."
    }
  }
}
