//! Azure Blob Storage, by azurite, which checks the signatures of identities and the claims of tokens; Entra is a server here.

use std::path::Path;

use dataplane_store::{Environment, Store};
use serde_json::json;

use crate::{
    emulator, environment,
    server::{Answer, Request, Server},
    storage, suite, unique,
};

const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const CLIENT: &str = "22222222-2222-2222-2222-222222222222";
/// The account that azurite is started with.
const ACCOUNT: &str = "acmeprod";

fn token() -> String {
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "iss": format!("https://sts.windows.net/{TENANT}/"), "aud": "https://storage.azure.com", "tid": TENANT, "oid": CLIENT,
        "iat": now - 5, "nbf": now - 5, "exp": now + 3600, "ver": "1.0",
    });
    let key = jsonwebtoken::EncodingKey::from_secret(b"Entra's");
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

/// Entra, which trusts one federated token.
fn entra(request: &Request) -> Answer {
    assert_eq!(request.target, format!("/{TENANT}/oauth2/v2.0/token"));
    let form: std::collections::BTreeMap<_, _> = url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect();
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["scope"], "https://storage.azure.com/.default");
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    if (
        form["client_id"].as_str(),
        form["client_assertion"].as_str(),
    ) != (CLIENT, "the pod's token")
    {
        let refusal = json!({ "error": "invalid_client", "error_description": "AADSTS700211: No matching federated identity record found\r\nTrace ID: 7", "trace_id": "7" });
        return Answer::new(401, refusal.to_string());
    }
    let answer = json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": token() });
    Answer::new(200, answer.to_string())
}

struct Azurite {
    endpoint: String,
    client: reqwest::Client,
}

impl Azurite {
    fn new() -> (Self, String) {
        let endpoint = emulator("DATAPLANE_AZURITE_ENDPOINT");
        let certificate = std::fs::read_to_string(emulator("DATAPLANE_AZURITE_CA")).unwrap();
        let trusted = reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap();
        let client = reqwest::Client::builder()
            .tls_certs_merge([trusted])
            .build();
        (
            Self {
                endpoint,
                client: client.unwrap(),
            },
            certificate,
        )
    }

    async fn container(&self, name: &str) -> String {
        let name = unique(name);
        let url = format!("{}/{ACCOUNT}/{name}?restype=container", self.endpoint);
        let request = self
            .client
            .put(url)
            .bearer_auth(token())
            .header("x-ms-version", "2023-11-03");
        let response = request.send().await.unwrap();
        let status = response.status();
        assert!(
            status.is_success(),
            "{status} {}",
            response.text().await.unwrap()
        );
        uri(&name)
    }
}

fn uri(container: &str) -> String {
    format!("abfs://{container}@{ACCOUNT}.dfs.core.windows.net")
}

fn pod(folder: &Path, entra: &Server, certificates: &str) -> Environment {
    let (token, bundle) = (folder.join("token"), folder.join("ca.pem"));
    std::fs::write(&bundle, certificates).unwrap();
    environment(&[
        ("AZURE_AUTHORITY_HOST", &format!("{}/", entra.url())),
        ("AZURE_TENANT_ID", TENANT),
        ("AZURE_CLIENT_ID", CLIENT),
        ("AZURE_FEDERATED_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_CA_BUNDLE", bundle.to_str().unwrap()),
    ])
}

#[tokio::test]
async fn azure_keeps_to_the_suite() {
    let (azurite, own) = Azurite::new();
    let (entra, certificate) = Server::encrypted(entra).await;
    let folder = tempfile::tempdir().unwrap();
    let pod = pod(folder.path(), &entra, &format!("{own}\n{certificate}"));
    let (metadata, code) = (
        azurite.container("metadata").await,
        azurite.container("code").await,
    );
    let storage = storage(&metadata, &code, Some(&azurite.endpoint));
    let store = Store::open(&storage, &pod).unwrap();

    std::fs::write(folder.path().join("token"), "somebody else's").unwrap();
    let object = storage.metadata.join("object").unwrap();
    let text = store.exists(&object).await.unwrap_err().to_string();
    assert!(
        text.contains("Azure lends this pod no credentials (invalid_client, status 401, request 7: AADSTS700211"),
        "{text}"
    );

    // The kubelet writes the token with or without an end of line.
    std::fs::write(folder.path().join("token"), "the pod's token\n").unwrap();
    let store = Store::open(&storage, &pod).unwrap();
    suite::objects(&store, &storage.metadata, &storage.fast_registration).await;
    let checks = suite::Checks::Signatures;
    suite::signing(&store, &storage.metadata, &azurite.client, checks).await;
    assert_eq!(entra.requests().await.len(), 2, "one token for all of it");

    let missing = self::storage(&uri("never-made"), &code, Some(&azurite.endpoint));
    let store = Store::open(&missing, &pod).unwrap();
    suite::missing_bucket(&store, &missing.metadata).await;
}
