resource "dataplane_identity_provider" "cluster" {
  issuer    = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  audiences = ["sts.amazonaws.com"]
}
