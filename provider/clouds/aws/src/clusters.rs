//! Clusters on EKS.
//!
//! Calls: `describe` 1; `token` 0: it is a signed request to STS that the cluster sends on.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_eks::types::{Cluster as SdkCluster, ClusterStatus as SdkClusterStatus};
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningError, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use clouds::account::Region;
use clouds::clusters::{
    Cluster, ClusterId, ClusterName, ClusterNetwork, ClusterStatus, ClusterToken, Clusters,
};
use clouds::error::Call;
use clouds::{Error, Result};
use std::sync::Arc;

use crate::error::{Classify, invalid, not_found};
use crate::{Aws, regions};

/// What the cluster's authenticator accepts: signatures are good for a minute, tokens for a quarter of an hour.
const SIGNATURE: Duration = Duration::from_mins(1);
const TOKEN: Duration = Duration::from_mins(14);

#[async_trait]
impl Clusters for Aws {
    async fn describe(&self, id: &ClusterId) -> Result<Cluster> {
        let call = ("eks:DescribeCluster", id);
        let (name, region) = self.eks_cluster(id)?;
        let eks = self.0.eks(&region).await?;
        let answer = eks
            .describe_cluster()
            .name(name.as_str())
            .send()
            .await
            .classify(call.0, call.1)?;
        let Some(found) = answer.cluster() else {
            return Err(not_found(call.0, call.1));
        };
        let certificate = found
            .certificate_authority()
            .and_then(|authority| authority.data())
            .filter(|data| !data.is_empty());
        let issuer = found
            .identity()
            .and_then(|identity| identity.oidc())
            .and_then(|oidc| oidc.issuer());
        Ok(Cluster {
            id: found.arn().unwrap_or_default().to_owned(),
            status: status(found.status()),
            endpoint: found.endpoint().map(str::to_owned),
            ca_certificate: certificate.map(|encoded| pem(id, encoded)).transpose()?,
            beside: None,
            issuer: issuer.map(str::to_owned),
            version: found.version().map(str::to_owned),
            network: network(found),
        })
    }

    async fn token(&self, id: &ClusterId) -> Result<ClusterToken> {
        let (name, region) = self.eks_cluster(id)?;
        let fail = |source: Arc<dyn std::error::Error + Send + Sync>| {
            let call = Call {
                source: Some(source),
                ..Call::new("sts:GetCallerIdentity", id)
            };
            Error::Unauthenticated(Box::new(call))
        };
        let none = || {
            invalid(
                "sts:GetCallerIdentity",
                id,
                "there is no source of credentials",
            )
        };
        let provider = self
            .0
            .guarded()
            .await?
            .credentials_provider()
            .ok_or_else(none)?;
        let credentials = provider
            .provide_credentials()
            .await
            .map_err(|error| fail(Arc::new(error)))?;
        let now = SystemTime::now();
        let token = token(&credentials, &region, name, now).map_err(|error| fail(error.into()))?;
        // Where the session ends before, so does the token.
        let expires = credentials
            .expiry()
            .map_or(now + TOKEN, |session| session.min(now + TOKEN));
        Ok(ClusterToken {
            token: token.into(),
            expires,
        })
    }
}

impl Aws {
    fn eks_cluster<'i>(&self, id: &'i ClusterId) -> Result<(&'i ClusterName, Region)> {
        match id {
            ClusterId::Eks { name, region } => Ok((
                name,
                region
                    .clone()
                    .unwrap_or_else(|| self.0.config.region.clone()),
            )),
            ClusterId::Gke { .. } | ClusterId::Aks { .. } => {
                let call = Call::new("eks:DescribeCluster", id)
                    .because("it is a cluster of another cloud");
                Err(Error::Unsupported(Box::new(call)))
            }
        }
    }
}

/// A presigned `sts:GetCallerIdentity` that names the cluster, as EKS's authenticator wants it.
fn token(
    credentials: &Credentials,
    region: &Region,
    cluster: &ClusterName,
    time: SystemTime,
) -> std::result::Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let url = format!(
        "https://sts.{region}.{}/?Action=GetCallerIdentity&Version=2011-06-15",
        regions::domain(region)
    );
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(SIGNATURE);
    let identity = credentials.clone().into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region.as_str())
        .name("sts")
        .time(time);
    let params = params.settings(settings).build()?.into();
    let headers = [("x-k8s-aws-id", cluster.as_str())].into_iter();
    let request = SignableRequest::new("GET", url.as_str(), headers, SignableBody::empty())?;
    let (signature, _) = sign(request, &params)
        .map_err(|error: SigningError| error)?
        .into_parts();
    let mut url = url::Url::parse(&url)?;
    for (name, value) in signature.params() {
        url.query_pairs_mut().append_pair(name, value);
    }
    Ok(format!(
        "k8s-aws-v1.{}",
        BASE64_URL_SAFE_NO_PAD.encode(url.as_str())
    ))
}

fn status(status: Option<&SdkClusterStatus>) -> ClusterStatus {
    match status {
        Some(SdkClusterStatus::Creating | SdkClusterStatus::Pending) => ClusterStatus::Creating,
        Some(SdkClusterStatus::Deleting) => ClusterStatus::Deleting,
        Some(SdkClusterStatus::Failed) => ClusterStatus::Failed,
        _ => ClusterStatus::Active,
    }
}

fn pem(id: &ClusterId, encoded: &str) -> Result<String> {
    let fail = |error: String| {
        invalid(
            "eks:DescribeCluster",
            id,
            format!("its certificate is not readable: {error}"),
        )
    };
    let bytes = BASE64_STANDARD
        .decode(encoded)
        .map_err(|error| fail(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| fail(error.to_string()))
}

fn network(found: &SdkCluster) -> ClusterNetwork {
    let services = found.kubernetes_network_config();
    let ranges =
        services.map(|services| [services.service_ipv4_cidr(), services.service_ipv6_cidr()]);
    let service_ranges = ranges
        .into_iter()
        .flatten()
        .flatten()
        .map(str::to_owned)
        .collect();
    let Some(vpc) = found.resources_vpc_config() else {
        return ClusterNetwork {
            service_ranges,
            ..ClusterNetwork::default()
        };
    };
    let groups = vpc
        .cluster_security_group_id()
        .into_iter()
        .map(str::to_owned);
    ClusterNetwork {
        network: vpc.vpc_id().map(str::to_owned),
        subnets: vpc.subnet_ids().to_vec(),
        security_groups: groups
            .chain(vpc.security_group_ids().iter().cloned())
            .collect(),
        service_ranges,
        public_endpoint: vpc.endpoint_public_access(),
        private_endpoint: vpc.endpoint_private_access(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What botocore's signer makes of the same request, credentials and time.
    const BOTOCORE: &str = "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20261121T110000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Security-Token=session%2Ftoken%2B%3D&X-Amz-Signature=f0524f424afa78c05095ab2d00b53322a3661799e033a6c191b2b2fb3028377b";

    fn parts(url: &str) -> (String, BTreeSet<(String, String)>) {
        let url = url::Url::parse(url).unwrap();
        (
            url.host_str().unwrap().to_owned(),
            url.query_pairs().into_owned().collect(),
        )
    }

    #[test]
    fn a_token_is_what_other_tools_make() {
        let session = Some("session/token+=".to_owned());
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::new("AKIDEXAMPLE", secret, session, None, "test");
        let time = SystemTime::UNIX_EPOCH + Duration::from_hours(498_683);
        let token = token(
            &credentials,
            &"eu-west-1".parse().unwrap(),
            &"prod".parse().unwrap(),
            time,
        )
        .unwrap();
        let encoded = token.strip_prefix("k8s-aws-v1.").unwrap();
        let url = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap();
        assert_eq!(parts(&url), parts(BOTOCORE));
    }

    #[test]
    fn certificates_are_pem_in_base64() {
        let id = ClusterId::Eks {
            name: "prod".parse().unwrap(),
            region: None,
        };
        let text = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        assert_eq!(pem(&id, &BASE64_STANDARD.encode(text)).unwrap(), text);
        assert!(pem(&id, "%").unwrap_err().to_string().contains("eks/prod"));
    }
}
