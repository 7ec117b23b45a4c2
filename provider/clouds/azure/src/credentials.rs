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
use azure_core::http::{ClientOptions, HttpClient, Method, Request, Url};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions, AzurePipelinesCredential, AzurePipelinesCredentialOptions,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
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
        let mut tried = Vec::new();
        for (name, credential) in self.of_the_machine().await {
            let token = match &credential {
                Ok(credential) => credential.get_token(scopes, None).await.map(|_| ()),
                Err(error) => Err(azure_core::Error::with_message(
                    ErrorKind::Credential,
                    error.to_string(),
                )),
            };
            match (credential, token) {
                (Ok(credential), Ok(())) => return Ok(credential),
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

    /// Elsewhere than on a machine of Azure, nobody answers at this address, and an attempt would wait for its timeout.
    async fn has_metadata(&self) -> bool {
        let Ok(url) = Url::parse(METADATA) else {
            return false;
        };
        let request = Request::new(url, Method::Get);
        let asked = self.http.execute_request(&request);
        matches!(
            tokio::time::timeout(METADATA_ANSWERS_WITHIN, asked).await,
            Ok(Ok(_))
        )
    }

    fn assertion_options(&self) -> ClientAssertionCredentialOptions {
        ClientAssertionCredentialOptions {
            client_options: self.options.clone(),
        }
    }
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

#[expect(
    clippy::disallowed_methods,
    reason = "these variables are how Azure's tools hand credentials on, and the SDK has no chain that reads them"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
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
