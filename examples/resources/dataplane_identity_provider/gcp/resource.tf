# For a cluster outside Google Cloud: GKE has its pool already.
resource "dataplane_identity_provider" "cluster" {
  name   = "acme-prod"
  issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
}
