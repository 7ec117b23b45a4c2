//! Credentials of AWS that nobody stores: lent by STS for the pod's token, or by the agent of EKS Pod Identity.

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use dataplane_api::identity::Cloud;
use jiff::Timestamp;
use object_store::{CredentialProvider, aws::AwsCredential};
use serde::Deserialize;
use url::{Host, Url};

use super::{dns_suffix, region};
use crate::{
    environment::Site,
    error::{NoCredentials, OpenError},
    refusal::element,
    session::{Lent, Session},
    transport::{AskError, Transport, ask, read_token},
};

const WHAT: &str = "credentials";

/// Where EKS's agent listens, on each node.
const AGENTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

#[derive(Debug)]
pub(crate) struct Credentials {
    source: Source,
    transport: Transport,
    session: Session<AwsCredential>,
}

#[derive(Debug)]
enum Source {
    WebIdentity {
        endpoint: String,
        role: String,
        session_name: String,
        token_file: String,
    },
    Agent {
        url: Url,
        token_file: String,
    },
    /// Of a store that no cloud vouches for.
    Keys {
        id: String,
        secret: Secret,
        token: Option<Secret>,
    },
}

struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Credentials {
    pub(crate) fn open(site: &Site<'_>, transport: &Transport) -> Result<Self, OpenError> {
        Ok(Self {
            source: Source::of(site)?,
            transport: transport.clone(),
            session: Session::default(),
        })
    }

    /// Credentials that last so long, if the cloud lends them for so long.
    pub(crate) async fn lasting(
        &self,
        wish: Duration,
    ) -> Result<Lent<AwsCredential>, Arc<AskError>> {
        self.session.get(wish, async || self.fetch().await).await
    }

    async fn fetch(&self) -> Result<(AwsCredential, Timestamp), AskError> {
        match &self.source {
            Source::WebIdentity {
                endpoint,
                role,
                session_name,
                token_file,
            } => {
                let token = read_token(token_file).await?;
                let form = [
                    ("Action", "AssumeRoleWithWebIdentity"),
                    ("Version", "2011-06-15"),
                    ("RoleArn", role),
                    ("RoleSessionName", session_name),
                    ("WebIdentityToken", &token),
                ];
                let body = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(form)
                    .finish();
                let answer = ask(WHAT, || {
                    let request = self.transport.cloud.post(endpoint);
                    request
                        .header(
                            http::header::CONTENT_TYPE,
                            "application/x-www-form-urlencoded",
                        )
                        .body(body.clone())
                });
                from_sts(&String::from_utf8_lossy(&answer.await?))
            }
            Source::Agent { url, token_file } => {
                let token = read_token(token_file).await?;
                let answer = ask(WHAT, || {
                    let request = self.transport.near.get(url.clone());
                    request.header(http::header::AUTHORIZATION, &token)
                });
                from_agent(&answer.await?)
            }
            Source::Keys { id, secret, token } => {
                let keys = AwsCredential {
                    key_id: id.clone(),
                    secret_key: secret.0.clone(),
                    token: token.as_ref().map(|token| token.0.clone()),
                };
                Ok((keys, Timestamp::MAX))
            }
        }
    }
}

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        match self.lasting(Duration::ZERO).await {
            Ok(lent) => Ok(lent.value),
            Err(error) => Err(NoCredentials(error).into()),
        }
    }
}

impl Source {
    fn of(site: &Site<'_>) -> Result<Self, OpenError> {
        let keys = (
            site.given_beside_endpoint("AWS_ACCESS_KEY_ID"),
            site.given_beside_endpoint("AWS_SECRET_ACCESS_KEY"),
        );
        if let (Some(id), Some(secret)) = keys {
            let token = site.given_beside_endpoint("AWS_SESSION_TOKEN");
            return Ok(Self::Keys {
                id: id.to_owned(),
                secret: Secret(secret.to_owned()),
                token: token.map(|token| Secret(token.to_owned())),
            });
        }
        // Where a pod has both, AWS's own SDKs take the role of its service account.
        if let Some(role) = site.given("AWS_ROLE_ARN") {
            return Self::web_identity(site, role.to_owned());
        }
        let uri = site.given("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        let uri = uri.ok_or(OpenError::NoIdentity {
            cloud: Cloud::Aws,
            missing: "AWS_ROLE_ARN (or AWS_CONTAINER_CREDENTIALS_FULL_URI)",
        })?;
        let url = Url::parse(uri).ok().filter(is_agent);
        Ok(Self::Agent {
            url: url.ok_or_else(|| OpenError::ForeignAgent {
                uri: uri.to_owned(),
            })?,
            token_file: site.required(Cloud::Aws, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")?,
        })
    }

    fn web_identity(site: &Site<'_>, role: String) -> Result<Self, OpenError> {
        let regional = || -> Result<String, OpenError> {
            let region = region(site)?;
            Ok(format!("https://sts.{region}.{}/", dns_suffix(&region)))
        };
        let own = site.given_beside_endpoint("AWS_ENDPOINT_URL_STS");
        Ok(Self::WebIdentity {
            endpoint: own.map_or_else(regional, |own| Ok(own.to_owned()))?,
            role,
            session_name: site
                .given("AWS_ROLE_SESSION_NAME")
                .unwrap_or("dataplane-operator")
                .to_owned(),
            token_file: site.required(Cloud::Aws, "AWS_WEB_IDENTITY_TOKEN_FILE")?,
        })
    }
}

/// The token of a pod goes to the agent of its node, or somewhere encrypted, as AWS's own SDKs have it.
fn is_agent(url: &Url) -> bool {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::from(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::from(address)),
        _ => None,
    };
    match url.scheme() {
        "https" => true,
        "http" => address.is_some_and(|address| {
            address.is_loopback() || AGENTS.contains(&address.to_string().as_str())
        }),
        _ => false,
    }
}

fn from_sts(answer: &str) -> Result<(AwsCredential, Timestamp), AskError> {
    let field = |name: &'static str| {
        element(answer, name).ok_or(AskError::Answer {
            what: WHAT,
            lacks: name,
        })
    };
    let keys = AwsCredential {
        key_id: field("AccessKeyId")?,
        secret_key: field("SecretAccessKey")?,
        token: Some(field("SessionToken")?),
    };
    Ok((keys, time(&field("Expiration")?)?))
}

fn from_agent(answer: &[u8]) -> Result<(AwsCredential, Timestamp), AskError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        access_key_id: String,
        secret_access_key: String,
        token: String,
        expiration: String,
    }
    let answer: Answer = serde_json::from_slice(answer).map_err(|_| AskError::Answer {
        what: WHAT,
        lacks: "keys, token and expiration",
    })?;
    let keys = AwsCredential {
        key_id: answer.access_key_id,
        secret_key: answer.secret_access_key,
        token: Some(answer.token),
    };
    Ok((keys, time(&answer.expiration)?))
}

fn time(text: &str) -> Result<Timestamp, AskError> {
    text.parse().map_err(|_| AskError::Answer {
        what: WHAT,
        lacks: "a time of expiration",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pods_token_goes_to_the_agent_of_its_node_only() {
        for (url, fine) in [
            ("http://169.254.170.23/v1/credentials", true),
            ("http://[fd00:ec2::23]/v1/credentials", true),
            ("http://127.0.0.1:8080/", true),
            ("https://agent.example/", true),
            ("http://169.254.169.254/latest", false),
            ("http://agent.example/", false),
            ("http://169.254.170.23.example/", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_agent(&url.parse().unwrap()), fine, "{url}");
        }
    }

    #[test]
    fn an_answer_without_keys_says_what_it_lacks() {
        let sts = "<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken><Expiration>2026-11-21T18:00:00Z</Expiration></Credentials>";
        let (keys, until) = from_sts(sts).unwrap();
        assert_eq!(
            (keys.key_id.as_str(), keys.token.as_deref()),
            ("A", Some("T"))
        );
        assert_eq!(until.to_string(), "2026-11-21T18:00:00Z");
        let error = from_sts(&sts.replace("SessionToken", "Other")).unwrap_err();
        assert!(error.to_string().ends_with("lacks SessionToken"), "{error}");
        assert!(from_agent(b"<html>").is_err());
        assert!(from_sts(&sts.replace("2026", "soon")).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_read(text in "(<AccessKeyId>|</AccessKeyId>|<Expiration>|\\{|\"|.){0,60}", bytes: Vec<u8>) {
            let _ = from_sts(&text);
            let _ = from_agent(text.as_bytes());
            let _ = from_agent(&bytes);
        }
    }
}
