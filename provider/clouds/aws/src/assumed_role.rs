//! Credentials of a role that is taken on: one `sts:AssumeRole` each time that those before run out.
//!
//! The SDK's own provider of such credentials does not know source identities.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_sdk_sts::types::Tag;

/// A role to take on.
#[derive(Clone, Debug, Default)]
pub struct AssumeRole {
    /// Its ARN.
    pub role_arn: String,
    /// What its trust policy asks of third parties.
    pub external_id: Option<String>,
    /// How the session is called in the audit log.
    pub session_name: Option<String>,
    /// Who is behind the session, in the audit log of this and of all sessions that it takes on in turn.
    pub source_identity: Option<String>,
    /// Tags of the session, which policies can ask for.
    pub tags: BTreeMap<String, String>,
    /// How long credentials are good for; none means AWS's default.
    pub duration: Option<Duration>,
}

/// Takes the role on with other credentials.
#[derive(Debug)]
pub(crate) struct AssumedRole {
    pub(crate) sts: aws_sdk_sts::Client,
    pub(crate) role: AssumeRole,
}

impl AssumedRole {
    async fn ask(&self) -> provider::Result {
        let AssumeRole {
            role_arn,
            external_id,
            session_name,
            source_identity,
            tags,
            duration,
        } = &self.role;
        let tag = |(key, value)| Tag::builder().key(key).value(value).build();
        let tags: Result<Vec<_>, _> = tags.iter().map(tag).collect();
        let tags = tags.map_err(CredentialsError::invalid_configuration)?;
        let seconds = duration
            .map(|duration| i32::try_from(duration.as_secs()))
            .transpose();
        let seconds = seconds.map_err(CredentialsError::invalid_configuration)?;
        let sent = self
            .sts
            .assume_role()
            .role_arn(role_arn)
            .set_external_id(external_id.clone())
            .role_session_name(session_name.as_deref().unwrap_or("dataplane"))
            .set_source_identity(source_identity.clone())
            .set_tags((!tags.is_empty()).then_some(tags))
            .set_duration_seconds(seconds)
            .send()
            .await;
        let answer = sent.map_err(CredentialsError::provider_error)?;
        let given = answer.credentials;
        let given = given.ok_or_else(|| CredentialsError::unhandled("STS gave no credentials"))?;
        let expiry = SystemTime::try_from(given.expiration).map_err(CredentialsError::unhandled)?;
        Ok(Credentials::builder()
            .access_key_id(given.access_key_id)
            .secret_access_key(given.secret_access_key)
            .session_token(given.session_token)
            .expiry(expiry)
            .provider_name("AssumedRole")
            .build())
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.ask())
    }
}
