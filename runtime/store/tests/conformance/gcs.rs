//! Google Cloud Storage, by the stand-in for Google Cloud, which checks tokens and policies. It speaks the JSON interface alone,
//! so a front translates; the front is the pod's metadata server, too. Nobody looks at what a signature signs: Google's
//! vectors do that, in the crate.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use dataplane_store::{Method, Store};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use crate::{
    emulator, environment,
    server::{Answer, Request, Server},
    storage, suite, unique,
};

struct Project {
    endpoint: String,
    id: String,
    token: String,
    /// Of the metadata server, which may have tokens of service accounts.
    metadata_server: String,
    client: reqwest::Client,
}

impl Project {
    async fn new() -> Self {
        let endpoint = emulator("DATAPLANE_GOOGLE_ENDPOINT");
        let id = unique("p")[..20].to_owned();
        let client = reqwest::Client::builder().build().unwrap();
        let made = client
            .get(format!("{endpoint}/_projects/{id}"))
            .send()
            .await
            .unwrap();
        let made: Value = made.json().await.unwrap();
        let token = made["token"].as_str().unwrap().to_owned();
        let person =
            json!({ "name": "metadata", "permissions": ["iam.serviceAccounts.getAccessToken"] });
        let people = client.post(format!("{endpoint}/_projects/{id}/people"));
        let person = people
            .bearer_auth(&token)
            .json(&person)
            .send()
            .await
            .unwrap();
        let person: Value = person.json().await.unwrap();
        let metadata_server = person["token"].as_str().unwrap().to_owned();
        Self {
            endpoint,
            id,
            token,
            metadata_server,
            client,
        }
    }

    fn email(&self) -> String {
        format!("executor@{}.iam.gserviceaccount.com", self.id)
    }

    async fn send(&self, verb: &str, path: &str, body: Value) -> Value {
        self.send_as(&self.token, verb, path, body).await
    }

    async fn send_as(&self, token: &str, verb: &str, path: &str, body: Value) -> Value {
        let method: reqwest::Method = verb.parse().unwrap();
        let request = self
            .client
            .request(method, format!("{}/{path}", self.endpoint));
        let response = request.bearer_auth(token).json(&body).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{verb} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn bucket(&self, name: &str) -> String {
        let name = format!("{}-{name}", self.id);
        let body = json!({ "name": name, "location": "europe-west1",
            "iamConfiguration": { "uniformBucketLevelAccess": { "enabled": true } } });
        let path = format!("storage/storage/v1/b?project={}", self.id);
        self.send("POST", &path, body).await;
        name
    }

    async fn let_use(&self, bucket: &str) {
        let path = format!("storage/storage/v1/b/{bucket}/iam");
        let member = format!("serviceAccount:{}", self.email());
        let policy =
            json!({ "bindings": [{ "role": "roles/storage.objectUser", "members": [member] }] });
        self.send("PUT", &path, policy).await;
    }

    /// A service account that may sign in its own name, and of which the metadata server may have tokens.
    async fn service_account(&self) {
        let accounts = format!("iam/v1/projects/{}/serviceAccounts", self.id);
        self.send("POST", &accounts, json!({ "accountId": "executor" }))
            .await;
        let member = format!("serviceAccount:{}", self.email());
        let policy = json!({ "policy": { "bindings": [
            { "role": "roles/iam.serviceAccountTokenCreator", "members": [member] },
        ] } });
        let path = format!("{accounts}/{}:setIamPolicy", self.email());
        self.send("POST", &path, policy).await;
    }

    async fn token_of_account(&self) -> String {
        let path = format!(
            "iamcredentials/v1/projects/-/serviceAccounts/{}:generateAccessToken",
            self.email()
        );
        let scope = json!({ "scope": ["https://www.googleapis.com/auth/cloud-platform"] });
        let token = &self.metadata_server;
        let answer = self.send_as(token, "POST", &path, scope).await;
        answer["accessToken"].as_str().unwrap().to_owned()
    }

    async fn answer(&self, request: Request) -> Answer {
        let path = request.path().to_owned();
        if let Some(what) =
            path.strip_prefix("/computeMetadata/v1/instance/service-accounts/default/")
        {
            assert_eq!(request.header("metadata-flavor"), Some("Google"));
            return match what {
                "email" => Answer::new(200, self.email()),
                "token" => {
                    let token = self.token_of_account().await;
                    let body = json!({ "access_token": token, "expires_in": 3600, "token_type": "Bearer" });
                    Answer::new(200, body.to_string())
                }
                other => Answer::new(404, other),
            };
        }
        if path.starts_with("/v1/projects/-/") {
            let path = percent_decode_str(&path)
                .decode_utf8()
                .unwrap()
                .into_owned();
            return self
                .pass(&request, "POST", &format!("iamcredentials{path}"))
                .await;
        }
        self.object(&request, &path).await
    }

    /// The XML interface's objects in the JSON interface's words.
    async fn object(&self, request: &Request, path: &str) -> Answer {
        let (bucket, key) = path[1..].split_once('/').unwrap();
        let key = percent_decode_str(key).decode_utf8().unwrap().into_owned();
        let key = utf8_percent_encode(&key, NON_ALPHANUMERIC);
        let absent = request
            .header("x-goog-if-generation-match")
            .map_or(String::new(), |generation| {
                format!("&ifGenerationMatch={generation}")
            });
        let (verb, target) = match request.method.as_str() {
            "PUT" => (
                "POST",
                format!(
                    "storage/upload/storage/v1/b/{bucket}/o?uploadType=media&name={key}{absent}"
                ),
            ),
            _ => (
                "GET",
                format!("storage/storage/v1/b/{bucket}/o/{key}?alt=media"),
            ),
        };
        let mut answer = self.pass(request, verb, &target).await;
        if answer.status == 200 {
            answer.headers = Answer::object(answer.body.clone()).headers;
            if verb == "POST" {
                answer.body.clear();
            }
            return answer;
        }
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let code = match answer.status {
            404 if text.contains("bucket does not exist") => "NoSuchBucket",
            404 => "NoSuchKey",
            412 => "PreconditionFailed",
            403 => "AccessDenied",
            401 => "AuthenticationRequired",
            other => panic!("{other}: {text}"),
        };
        Answer::new(answer.status, format!("<Error><Code>{code}</Code></Error>"))
    }

    async fn pass(&self, request: &Request, verb: &str, target: &str) -> Answer {
        let method: reqwest::Method = verb.parse().unwrap();
        let mut passed = self
            .client
            .request(method, format!("{}/{target}", self.endpoint));
        let signer = request.target.contains("X-Goog-Signature=").then(|| {
            let email = utf8_percent_encode(&self.email(), NON_ALPHANUMERIC).to_string();
            request
                .target
                .contains(&email.replace("%2D", "-").replace("%2E", "."))
        });
        passed = match (signer, request.header("authorization")) {
            // Whoever signed is who calls.
            (Some(true), None) => passed.bearer_auth(self.token_of_account().await),
            (None, Some(authorization)) => passed.header("authorization", authorization),
            _ => return Answer::new(401, ""),
        };
        if verb == "POST" {
            let kind = request
                .header("content-type")
                .unwrap_or("application/octet-stream");
            passed = passed
                .header("content-type", kind)
                .header("content-length", request.body.len())
                .body(request.body.clone());
        }
        let answer = passed.send().await.unwrap();
        Answer::new(answer.status().as_u16(), answer.bytes().await.unwrap())
    }
}

#[tokio::test]
async fn gcs_keeps_to_the_suite() {
    let project = Arc::new(Project::new().await);
    project.service_account().await;
    let (metadata, code) = (
        project.bucket("metadata").await,
        project.bucket("code").await,
    );
    let secret = project.bucket("somebody-elses").await;
    project.let_use(&metadata).await;
    project.let_use(&code).await;
    let behind = Arc::clone(&project);
    let front = Server::start(move |request| {
        let project = Arc::clone(&behind);
        Box::pin(async move { project.answer(request).await })
    })
    .await;
    let pod = environment(&[
        ("GCE_METADATA_HOST", &front.host()),
        (
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
            &front.url(),
        ),
    ]);
    let open = |metadata: &str| {
        let storage = storage(
            &format!("gs://{metadata}"),
            &format!("gs://{code}"),
            Some(&front.url()),
        );
        (Store::open(&storage, &pod).unwrap(), storage)
    };
    let (store, storage) = open(&metadata);
    suite::objects(&store, &storage.metadata, &storage.fast_registration).await;
    let checks = suite::Checks::Nothing;
    suite::signing(&store, &storage.metadata, &project.client, checks).await;

    let (store, storage) = open("never-made");
    suite::missing_bucket(&store, &storage.metadata).await;

    let (store, storage) = open(&secret);
    let uri = storage.metadata.join("key").unwrap();
    let text = store.read(&uri, 1).await.unwrap_err().to_string();
    assert!(
        text.contains("access denied (AccessDenied, status 403")
            && text.ends_with("grant its role storage.objects.get and storage.objects.list"),
        "{text}"
    );
    // One token for all of it.
    let tokens = front.requests().await;
    let tokens = tokens
        .iter()
        .filter(|request| request.target.ends_with("/token"));
    assert_eq!(tokens.count(), 3, "one for each store that was opened");
}

#[tokio::test]
async fn an_identity_without_a_service_account_cannot_sign_and_says_so() {
    let metadata = Server::with(|request| match request.path().rsplit('/').next() {
        Some("email") => Answer::new(200, "acme.svc.id.goog"),
        _ => Answer::new(200, r#"{"access_token":"t","expires_in":3600}"#),
    })
    .await;
    let pod = environment(&[("GCE_METADATA_HOST", &metadata.host())]);
    let storage = storage("gs://acme-metadata", "gs://acme-code", None);
    let store = Store::open(&storage, &pod).unwrap();
    let uri = storage.metadata.join("bundle").unwrap();
    let error = store
        .sign(Method::Get, &uri, Duration::from_mins(1))
        .await
        .unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        why.contains("`acme.svc.id.goog`, which is no Google service account"),
        "{why}"
    );
}

#[tokio::test]
async fn what_google_refuses_to_sign_is_said_with_the_permission() {
    let google = Server::with(|request| match request.path().rsplit('/').next() {
        Some("email") => Answer::new(200, "executor@acme.iam.gserviceaccount.com"),
        Some("token") => Answer::new(200, r#"{"access_token":"t","expires_in":3600}"#),
        _ => {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            let text = STANDARD.decode(body["payload"].as_str().unwrap()).unwrap();
            assert!(text.starts_with(b"GOOG4-RSA-SHA256\n"));
            let refusal =
                json!({ "error": { "code": 403, "status": "PERMISSION_DENIED", "message": "no" } });
            Answer::new(403, refusal.to_string())
        }
    })
    .await;
    let pod = environment(&[
        ("GCE_METADATA_HOST", &google.host()),
        (
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
            &google.url(),
        ),
    ]);
    let storage = storage("gs://acme-metadata", "gs://acme-code", Some(&google.url()));
    let store = Store::open(&storage, &pod).unwrap();
    let uri = storage.metadata.join("bundle").unwrap();
    let error = store
        .sign(Method::Get, &uri, Duration::from_mins(1))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "signing a URL of gs://acme-metadata/bundle: access denied (PERMISSION_DENIED, status 403: no); grant its role iam.serviceAccounts.signBlob on itself"
    );
}

#[tokio::test]
async fn a_signed_url_does_not_outlive_the_key_that_signed_it() {
    let google = Server::with(|request| match request.path().rsplit('/').next() {
        Some("email") => Answer::new(200, "executor@acme.iam.gserviceaccount.com"),
        Some("token") => Answer::new(200, r#"{"access_token":"t","expires_in":3600}"#),
        _ => Answer::new(200, r#"{"keyId":"1","signedBlob":"c2lnbmVk"}"#),
    })
    .await;
    let pod = environment(&[
        ("GCE_METADATA_HOST", &google.host()),
        (
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
            &google.url(),
        ),
    ]);
    let storage = storage("gs://acme-metadata", "gs://acme-code", Some(&google.url()));
    let store = Store::open(&storage, &pod).unwrap();
    let uri = storage.metadata.join("bundle").unwrap();
    let signed = store
        .sign(Method::Get, &uri, Duration::from_hours(48))
        .await
        .unwrap();
    assert!(
        signed.secret().contains("&X-Goog-Expires=43200&"),
        "12 hours"
    );
    let left = signed.valid_until().duration_since(jiff::Timestamp::now());
    assert!(left.as_hours() < 12, "{left}");
}

/// The file as it comes with a pod of a cluster that is not GKE's, with this server in place of Google's.
fn external_account(google: &Server, account: Option<&str>) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let token = directory.path().join("token");
    std::fs::write(&token, "of-the-pod\n").unwrap();
    let mut credentials = json!({
        "type": "external_account", "audience": "//iam.googleapis.com/provider",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": format!("{}/v1/token", google.url()),
        "credential_source": { "file": token },
    });
    if let Some(account) = account {
        let url = format!(
            "{}/v1/projects/-/serviceAccounts/{account}:generateAccessToken",
            google.url()
        );
        credentials["service_account_impersonation_url"] = url.into();
    }
    let file = directory.path().join("credentials.json");
    std::fs::write(&file, credentials.to_string()).unwrap();
    let file = file.to_str().unwrap().to_owned();
    (directory, file)
}

/// Google as a pod elsewhere sees it: it exchanges the pod's token, lends the account's, and lets the latter, or without an account the
/// former, read and sign.
async fn google_from_elsewhere(reads: &'static str) -> Server {
    Server::with(move |request| {
        let authorization = request.header("authorization");
        match request.path().rsplit('/').next() {
            Some("token") => {
                let body = String::from_utf8(request.body.clone()).unwrap();
                let told = [
                    "subject_token=of-the-pod",
                    "audience=%2F%2Fiam.googleapis.com%2Fprovider",
                    "token-exchange",
                ];
                assert!(told.iter().all(|part| body.contains(part)), "{body}");
                Answer::new(200, r#"{"access_token":"pods","expires_in":3600}"#)
            }
            Some(call) if call.ends_with(":generateAccessToken") => {
                assert_eq!(authorization, Some("Bearer pods"));
                let until = jiff::Timestamp::now() + jiff::Span::new().hours(1);
                Answer::new(
                    200,
                    json!({ "accessToken": "accounts", "expireTime": until.to_string() })
                        .to_string(),
                )
            }
            Some(call) if call.ends_with("signBlob") => {
                assert_eq!(authorization, Some("Bearer accounts"));
                Answer::new(200, r#"{"keyId":"1","signedBlob":"c2lnbmVk"}"#)
            }
            _ => {
                assert_eq!(authorization, Some(format!("Bearer {reads}").as_str()));
                Answer::object("content")
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_pod_elsewhere_exchanges_its_token_and_acts_as_an_account() {
    let google = google_from_elsewhere("accounts").await;
    let account = "executor@acme.iam.gserviceaccount.com";
    let (_directory, file) = external_account(&google, Some(account));
    let pod = environment(&[
        ("GOOGLE_APPLICATION_CREDENTIALS", &file),
        (
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
            &google.url(),
        ),
    ]);
    let storage = storage("gs://acme-metadata", "gs://acme-code", Some(&google.url()));
    let store = Store::open(&storage, &pod).unwrap();
    let uri = storage.metadata.join("bundle").unwrap();
    for _ in 0..3 {
        let content = store.read(&uri, 100).await.unwrap();
        assert_eq!(content.as_deref(), Some(b"content".as_slice()));
    }
    let signed = store.sign(Method::Get, &uri, Duration::from_mins(1)).await;
    let signed = signed.unwrap();
    assert!(
        signed.secret().contains("executor%40acme"),
        "{}",
        signed.secret()
    );
    let exchanges = google.requests().await;
    let exchanges = exchanges
        .iter()
        .filter(|request| request.target.ends_with("/v1/token"));
    assert_eq!(exchanges.count(), 1, "once while it lasts");
}

#[tokio::test]
async fn a_pod_elsewhere_with_rights_of_its_own_reads_and_cannot_sign() {
    let google = google_from_elsewhere("pods").await;
    let (_directory, file) = external_account(&google, None);
    let pod = environment(&[("GOOGLE_APPLICATION_CREDENTIALS", &file)]);
    let storage = storage("gs://acme-metadata", "gs://acme-code", Some(&google.url()));
    let store = Store::open(&storage, &pod).unwrap();
    let uri = storage.metadata.join("bundle").unwrap();
    let content = store.read(&uri, 100).await.unwrap();
    assert_eq!(content.as_deref(), Some(b"content".as_slice()));
    let refused = store.sign(Method::Get, &uri, Duration::from_mins(1)).await;
    let refused = refused.unwrap_err();
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(why.contains("google.service_account"), "{why}");
}

#[tokio::test]
async fn a_key_is_no_way_to_exchange_a_token() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key.json");
    let key = json!({ "type": "service_account", "private_key": "-----BEGIN" });
    std::fs::write(&file, key.to_string()).unwrap();
    let pod = environment(&[("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().unwrap())]);
    let storage = storage("gs://acme-metadata", "gs://acme-code", None);
    let said = Store::open(&storage, &pod).unwrap_err().to_string();
    assert!(
        said.contains("no keys are taken") && said.contains("key.json"),
        "{said}"
    );
}
