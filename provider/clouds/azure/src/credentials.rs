//! Where credentials come from: the order of Azure's own `DefaultAzureCredential`, which this SDK has not.
//!
//! What the environment says outright is taken, and its failure is final: a client secret, a workload identity, a service
//! connection of Azure Pipelines, the managed identity of App Service. Without any of them, a managed identity of the machine,
//! then the sign-in of `az` and of `azd` are tried.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::{ClientOptions, HttpClient, Method, RawResponse, Request, StatusCode, Url};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions, AzurePipelinesCredential, AzurePipelinesCredentialOptions,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use serde::Deserialize;
use tokio::sync::OnceCell;

type Credential = Arc<dyn TokenCredential>;

/// The address of the metadata service of Azure's machines.
const METADATA: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// How long it may take to answer at all: it is on the same machine.
const METADATA_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// The credentials of whoever runs us, found when the first token is asked for.
#[derive(Debug)]
pub(crate) struct Chain {
    options: ClientOptions,
    http: Arc<dyn HttpClient>,
    tenant: Option<String>,
    chosen: OnceCell<Credential>,
}

impl Chain {
    pub(crate) fn new(
        options: ClientOptions,
        http: Arc<dyn HttpClient>,
        tenant: Option<String>,
    ) -> Self {
        Self {
            options,
            http,
            tenant,
            chosen: OnceCell::new(),
        }
    }

    async fn choose(&self, scopes: &[&str]) -> azure_core::Result<Credential> {
        if let Some(credential) = self.of_the_environment()? {
            return Ok(credential);
        }
        first_of(self.of_the_machine().await, scopes).await
    }

    /// What the environment names; nothing else is tried then.
    fn of_the_environment(&self) -> azure_core::Result<Option<Credential>> {
        let tenant = self.tenant.clone().or_else(|| variable("AZURE_TENANT_ID"));
        let client = variable("AZURE_CLIENT_ID");
        if let (Some(tenant), Some(client), Some(secret)) =
            (&tenant, &client, variable("AZURE_CLIENT_SECRET"))
        {
            let options = ClientSecretCredentialOptions {
                client_options: self.options.clone(),
            };
            let secret = Secret::new(secret);
            return Ok(Some(ClientSecretCredential::new(
                tenant,
                client.clone(),
                secret,
                Some(options),
            )?));
        }
        if client.is_some() && variable("AZURE_FEDERATED_TOKEN_FILE").is_some() {
            let options = WorkloadIdentityCredentialOptions {
                credential_options: self.assertion_options(),
                tenant_id: tenant,
                ..Default::default()
            };
            return Ok(Some(WorkloadIdentityCredential::new(Some(options))?));
        }
        let pipeline = [
            "AZURESUBSCRIPTION_TENANT_ID",
            "AZURESUBSCRIPTION_CLIENT_ID",
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
            "SYSTEM_ACCESSTOKEN",
        ];
        if let [Some(tenant), Some(client), Some(connection), Some(token)] = pipeline.map(variable)
        {
            let options = AzurePipelinesCredentialOptions {
                credential_options: self.assertion_options(),
            };
            return Ok(Some(AzurePipelinesCredential::new(
                tenant,
                client,
                &connection,
                token,
                Some(options),
            )?));
        }
        if variable("IDENTITY_ENDPOINT").is_some() {
            return Ok(Some(self.managed_identity()?));
        }
        Ok(None)
    }

    /// What can be found without being named, in the order in which it is tried.
    async fn of_the_machine(&self) -> Vec<(&'static str, azure_core::Result<Credential>)> {
        let mut found: Vec<(&'static str, azure_core::Result<Credential>)> = Vec::new();
        if self.has_metadata().await {
            found.push(("managed identity", self.managed_identity()));
        }
        let az = AzureCliCredential::new(Some(AzureCliCredentialOptions {
            tenant_id: self.tenant.clone(),
            ..Default::default()
        }));
        found.push(("az", az.map(|az| az as Credential)));
        let azd = AzureDeveloperCliCredential::new(Some(AzureDeveloperCliCredentialOptions {
            tenant_id: self.tenant.clone(),
            ..Default::default()
        }));
        found.push(("azd", azd.map(|azd| azd as Credential)));
        found
    }

    fn managed_identity(&self) -> azure_core::Result<Credential> {
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: variable("AZURE_CLIENT_ID").map(UserAssignedId::ClientId),
            client_options: self.options.clone(),
        };
        Ok(ManagedIdentityCredential::new(Some(options))?)
    }

    /// Whether this is a machine of Azure. Elsewhere nobody answers at this address, and an attempt would wait for its timeout; or
    /// the service of another cloud does.
    async fn has_metadata(&self) -> bool {
        let Ok(url) = Url::parse(METADATA) else {
            return false;
        };
        // Without the header that it asks for, it gives no token, and says so.
        let request = Request::new(url, Method::Get);
        let asked = async {
            let answer = self.http.execute_request(&request).await.ok()?;
            let (status, _, body) = answer.deconstruct();
            Some(is_azures(status, &body.collect().await.ok()?))
        };
        let answered = tokio::time::timeout(METADATA_ANSWERS_WITHIN, asked).await;
        matches!(answered, Ok(Some(true)))
    }

    fn assertion_options(&self) -> ClientAssertionCredentialOptions {
        ClientAssertionCredentialOptions {
            client_options: self.options.clone(),
        }
    }
}

/// The first that has a token.
async fn first_of(
    found: Vec<(&'static str, azure_core::Result<Credential>)>,
    scopes: &[&str],
) -> azure_core::Result<Credential> {
    let mut tried = Vec::new();
    for (name, credential) in found {
        let token = match &credential {
            Ok(credential) => credential.get_token(scopes, None).await.map(|_| ()),
            Err(error) => Err(azure_core::Error::with_message(
                ErrorKind::Credential,
                error.to_string(),
            )),
        };
        match (credential, token) {
            (Ok(credential), Ok(())) => return Ok(credential),
            // It exists and cannot answer now. The next one might be somebody else.
            (Ok(_), Err(error)) if passes(&error) => return Err(error),
            (_, Err(error)) => tried.push(format!("{name}: {}", causes(&error))),
            (Err(error), Ok(())) => tried.push(format!("{name}: {error}")),
        }
    }
    let why = format!(
        "no credentials were found: sign in with `az login`, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET \
             or AZURE_FEDERATED_TOKEN_FILE ({})",
        tried.join("; ")
    );
    Err(azure_core::Error::with_message(ErrorKind::Credential, why))
}

#[async_trait]
impl TokenCredential for Chain {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let chosen = self.chosen.get_or_try_init(|| self.choose(scopes)).await?;
        chosen.get_token(scopes, options).await
    }
}

/// What of an answer of the metadata service is known.
#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// Whether Azure's metadata service answered so to a request without its header: 400 and `{"error": "invalid_request", …}`. That of AWS
/// answers 401 or 404, that of Google Cloud 403, neither in JSON.
fn is_azures(status: StatusCode, body: &[u8]) -> bool {
    let refused: Result<Refused, _> = serde_json::from_slice(body);
    status == StatusCode::BadRequest && refused.is_ok_and(|refused| !refused.error.is_empty())
}

#[expect(
    clippy::disallowed_methods,
    reason = "these variables are how Azure's tools hand credentials on, and the SDK has no chain that reads them"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The answer that an error of a credential comes from.
pub(crate) fn refused(error: &azure_core::Error) -> Option<(StatusCode, Option<&RawResponse>)> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<azure_core::Error>()
            && let ErrorKind::HttpResponse {
                status,
                raw_response,
                ..
            } = error.kind()
        {
            return Some((*status, raw_response.as_deref()));
        }
        next = error.source();
    }
    None
}

/// Whether the same credentials may be good in a moment.
fn passes(error: &azure_core::Error) -> bool {
    refused(error).is_some_and(|(status, _)| is_passing(status))
}

pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(u16::from(status), 408 | 429 | 500..)
}

/// An error with what it came from: the SDK's own top line says next to nothing.
pub(crate) fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use azure_core::http::headers::Headers;
    use azure_core::http::{AsyncRawResponse, ExponentialRetryOptions, RetryOptions, Transport};
    use azure_core::time::Duration as Span;
    use clouds::Error;
    use clouds::error::Call;

    use super::*;
    use crate::error::from_sdk;

    type Meant = fn(&Error) -> bool;

    /// Gives these answers, one after the other, the last one first.
    #[derive(Debug)]
    struct Answers(Mutex<Vec<(StatusCode, &'static str)>>);

    #[async_trait]
    impl HttpClient for Answers {
        async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
            let next = self.0.lock().unwrap().pop();
            let (status, body) = next.expect("nobody should have asked again");
            Ok(AsyncRawResponse::from_bytes(status, Headers::new(), body))
        }
    }

    /// A service principal, to whom these answers are given.
    async fn signed_in(answers: &[(StatusCode, &'static str)]) -> azure_core::Result<AccessToken> {
        let answers = answers.iter().rev().copied().collect();
        let options = ClientOptions {
            retry: RetryOptions::exponential(ExponentialRetryOptions {
                initial_delay: Span::milliseconds(1),
                max_retries: 1,
                ..ExponentialRetryOptions::default()
            }),
            transport: Some(Transport::new(Arc::new(Answers(Mutex::new(answers))))),
            ..ClientOptions::default()
        };
        let options = ClientSecretCredentialOptions {
            client_options: options,
        };
        let tenant = "5f1d6cbe-3b1e-4b7e-9a0d-2c7f0a9e4d10";
        let secret = Secret::new("hunter2");
        ClientSecretCredential::new(tenant, "app".to_owned(), secret, Some(options))?
            .get_token(&["https://management.azure.com/.default"], None)
            .await
    }

    /// Somebody whose tokens do not come.
    #[derive(Debug)]
    struct Without(StatusCode);

    #[async_trait]
    impl TokenCredential for Without {
        async fn get_token(
            &self,
            _: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            let kind = ErrorKind::HttpResponse {
                status: self.0,
                error_code: None,
                raw_response: None,
            };
            Err(azure_core::Error::with_message(kind, "no token"))
        }
    }

    #[tokio::test]
    async fn whoever_is_only_busy_is_not_passed_over_for_somebody_else() {
        let tried = async |first: StatusCode| {
            let second = StatusCode::Forbidden;
            let found = [("first", first), ("second", second)];
            let found = found.map(|(name, status)| (name, Ok(Arc::new(Without(status)) as _)));
            let refused = first_of(found.into(), &["s"]).await.unwrap_err();
            causes(&refused)
        };
        assert!(tried(StatusCode::BadRequest).await.contains("second"));
        for busy in [StatusCode::TooManyRequests, StatusCode::ServiceUnavailable] {
            assert!(!tried(busy).await.contains("second"), "{busy}");
        }
    }

    #[tokio::test]
    async fn another_clouds_machine_is_none_of_azures() {
        let azures = r#"{"error":"invalid_request","error_description":"Required metadata header not specified"}"#;
        for (status, body, is_azures) in [
            (StatusCode::BadRequest, azures, true),
            (StatusCode::Unauthorized, "", false),
            (StatusCode::NotFound, "<html>404 - Not Found</html>", false),
        ] {
            let http = Arc::new(Answers(Mutex::new(vec![(status, body)])));
            let chain = Chain::new(ClientOptions::default(), http, None);
            assert_eq!(chain.has_metadata().await, is_azures, "{status}");
        }
    }

    #[tokio::test]
    async fn entra_is_asked_again_when_it_is_busy_or_broken() {
        let token = r#"{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"good"}"#;
        for status in [StatusCode::TooManyRequests, StatusCode::ServiceUnavailable] {
            let token = signed_in(&[(status, "{}"), (StatusCode::Ok, token)]).await;
            assert_eq!(token.unwrap().token.secret(), "good");
        }
    }

    #[tokio::test]
    async fn what_entra_says_is_told_by_what_it_means() {
        let busy = r#"{"error":"temporarily_unavailable","error_description":"AADSTS90055: Tenant reached the limit. Trace ID: t-1 Correlation ID: c-1","error_codes":[90055],"trace_id":"t-1","correlation_id":"c-1"}"#;
        let wrong = busy
            .replace("AADSTS90055", "AADSTS7000215")
            .replace("90055", "7000215");
        let wrong: &'static str = wrong.leak();
        let gateway = "<html>502 Bad Gateway</html>";
        let cases: [(StatusCode, &'static str, Meant); 4] = [
            (StatusCode::TooManyRequests, busy, |error| {
                matches!(error, Error::Throttled(_))
            }),
            (StatusCode::InternalServerError, busy, |error| {
                matches!(error, Error::Unavailable(_))
            }),
            (StatusCode::BadGateway, gateway, |error| {
                matches!(error, Error::Unavailable(_))
            }),
            (StatusCode::Unauthorized, wrong, |error| {
                matches!(error, Error::Unauthenticated(_))
            }),
        ];
        for (status, body, is_meant) in cases {
            let refused = signed_in(&[(status, body), (status, body)])
                .await
                .unwrap_err();
            let error = from_sdk(Call::new("get a token", "the caller"), refused);
            assert!(is_meant(&error), "{status}: {error:?}");
            let said = error.to_string();
            assert!(
                !said.contains("To troubleshoot") && !said.contains("hunter2"),
                "{said}"
            );
            if body != gateway {
                assert!(
                    said.contains("AADSTS") && said.contains("request id c-1, trace id t-1"),
                    "{said}"
                );
            }
        }
    }

    #[test]
    fn only_azures_metadata_service_is_taken_for_it() {
        use StatusCode::{BadRequest, Forbidden, NotFound, Ok, Unauthorized};
        let azures = br#"{"error":"invalid_request","error_description":"Required metadata header not specified"}"#;
        assert!(is_azures(BadRequest, azures));
        for (whose, status, body) in [
            (
                "AWS, version 1",
                NotFound,
                "<?xml version=\"1.0\"?><html><h1>404 - Not Found</h1></html>",
            ),
            ("AWS, version 2", Unauthorized, ""),
            (
                "AWS, a token that is none",
                BadRequest,
                "<html><h1>400 - Bad Request</h1></html>",
            ),
            (
                "Google Cloud",
                Forbidden,
                "<!DOCTYPE html><p>Your client does not have permission",
            ),
            ("OpenStack", NotFound, "404 Not Found"),
            ("a proxy", Ok, "<html>sign in</html>"),
            (
                "a service of one's own",
                Ok,
                r#"{"error":"invalid_request"}"#,
            ),
            ("another service", BadRequest, r#"{"message":"no"}"#),
        ] {
            assert!(!is_azures(status, body.as_bytes()), "{whose}");
        }
    }
}
