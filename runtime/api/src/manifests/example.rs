//! The configuration that tests render.

use crate::OperatorConfig;

pub(crate) const DOCUMENT: &str = "\
organization: acme
cluster_name: acme-prod
create_namespace: true
image: registry.example/dataplane/operator:v0.1.0
control_plane:
  endpoint: https://acme.eu-west-1.example
storage:
  metadata: s3://acme-metadata
  fast_registration: s3://acme-bundles
  region: eu-west-1
roles:
  admin:
    irsa:
      role_arn: arn:aws:iam::123456789012:role/adminflyterole
  user:
    irsa:
      role_arn: arn:aws:iam::123456789012:role/userflyterole
";

pub(crate) fn config() -> OperatorConfig {
    OperatorConfig::parse(DOCUMENT).unwrap()
}
