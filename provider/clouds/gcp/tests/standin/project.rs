//! A project of the stand-in, with plain HTTP as somebody else's hands, and its administration.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use clouds_gcp::{Config, Credentials, Service};
use serde_json::Value;

const VARIABLE: &str = "DATAPLANE_GOOGLE_ENDPOINT";

pub static ENDPOINT: LazyLock<String> = LazyLock::new(|| {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no other configuration"
    )]
    let endpoint = std::env::var(VARIABLE);
    endpoint.unwrap_or_else(|_| panic!("{VARIABLE} is not set: start the emulators with `make emulators` and set what it prints"))
});

/// A project that only one test uses.
#[derive(Clone)]
pub struct Project {
    pub id: String,
    pub number: String,
    token: String,
    http: reqwest::Client,
}

impl Project {
    pub async fn new(run: &str) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let project = Self {
            id: format!("p{}-{run}", since.as_nanos() % 1_000_000_000),
            number: String::new(),
            token: String::new(),
            http: reqwest::Client::builder().build().unwrap(),
        };
        let made = project.administer("GET", "", Value::Null).await;
        let text = |what: &str| made[what].as_str().unwrap().to_owned();
        Self {
            number: text("number"),
            token: text("token"),
            ..project
        }
    }

    pub fn config(&self, region: &str) -> Config {
        let endpoints = Service::ALL.map(|service| (service, format!("{}/{service}", *ENDPOINT)));
        Config {
            endpoints: endpoints.into(),
            credentials: Credentials::Token(self.token.clone().into()),
            attempts: 2,
            ..Config::new(self.id.parse().unwrap(), region.parse().unwrap())
        }
    }

    /// A bucket of this project: names of buckets are the world's.
    pub fn bucket(&self, name: &str) -> String {
        format!("{}-{name}", self.id)
    }

    pub async fn administer(&self, verb: &str, what: &str, body: Value) -> Value {
        let url = format!("{}/_projects/{}/{what}", *ENDPOINT, self.id);
        self.call(
            verb,
            url.trim_end_matches('/'),
            Some(body).filter(|body| !body.is_null()),
        )
        .await
    }

    /// A call that has to succeed.
    pub async fn call(&self, verb: &str, url: &str, body: Option<Value>) -> Value {
        let mut request = self
            .http
            .request(verb.parse().unwrap(), url)
            .bearer_auth(&self.token);
        request = match body {
            Some(body) => request.json(&body),
            None => request.header("content-length", 0),
        };
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{verb} {url}: {status} {text}");
        if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap()
        }
    }

    /// The same as the project's owner, who is not us.
    pub async fn send(&self, verb: &str, service: &str, path: &str, body: Option<Value>) -> Value {
        self.call(verb, &format!("{}/{service}/{path}", *ENDPOINT), body)
            .await
    }

    /// The same where the answer may be a refusal: its status.
    pub async fn try_send(&self, verb: &str, service: &str, path: &str) -> u16 {
        let url = format!("{}/{service}/{path}", *ENDPOINT);
        let request = self.http.request(verb.parse().unwrap(), url);
        let response = request.bearer_auth(&self.token).send().await.unwrap();
        response.status().as_u16()
    }

    /// The name of a service account.
    pub fn account(&self, name: &str) -> String {
        let project = &self.id;
        format!("projects/{project}/serviceAccounts/{name}@{project}.iam.gserviceaccount.com")
    }

    /// The IAM policy of a bucket.
    pub async fn bucket_policy(&self, bucket: &str) -> Value {
        let path = format!("storage/v1/b/{bucket}/iam?optionsRequestedPolicyVersion=3");
        self.send("GET", "storage", &path, None).await
    }

    /// The project's own IAM policy.
    pub async fn policy(&self) -> Value {
        let asked = serde_json::json!({ "options": { "requestedPolicyVersion": 3 } });
        let path = format!("v3/projects/{}:getIamPolicy", self.id);
        self.send("POST", "cloudresourcemanager", &path, Some(asked))
            .await
    }

    /// Nothing that was sent is other than Google's descriptions say.
    pub async fn no_violations(&self) {
        let found = self.administer("GET", "violations", Value::Null).await;
        assert_eq!(found, Value::Array(Vec::new()));
    }

    /// The methods that were called, in order.
    pub async fn calls(&self) -> Vec<String> {
        let calls = self.administer("DELETE", "calls", Value::Null).await;
        calls
            .as_array()
            .unwrap()
            .iter()
            .map(|call| call["method"].as_str().unwrap().to_owned())
            .collect()
    }
}
