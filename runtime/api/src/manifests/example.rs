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

/// A certificate that signed itself, valid for a hundred years; nobody has its key.
pub(crate) const CA_CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUGZ3e29lY4wpu7PRNoPAgMGR04KwwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHZXhhbXBsZTAgFw0yNjExMjExMzQ3MzhaGA8yMTI2MTAyODEz
NDczOFowEjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABFKYnyog2euFyV2GMfucuI1ALkSMmXzmm4ifdAcEmdGT+yy7LDMF6zBZz8UK
w2xupzdxY4UUbgRsGm3erXpN8PyjUzBRMB0GA1UdDgQWBBQUk+soUmiQ+Dj96rIp
E9sb9cL+2TAfBgNVHSMEGDAWgBQUk+soUmiQ+Dj96rIpE9sb9cL+2TAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIAGNR0UPZArdwPVliJyZ02lxikac
JRNiNYxRE52wvz1jAiEAxkuNREMogjMgVQ+2BjY6BneAApvDSWp4zdkVbfB5vb0=
-----END CERTIFICATE-----
";
