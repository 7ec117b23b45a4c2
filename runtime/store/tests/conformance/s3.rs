//! Amazon S3, by ministack, which checks signatures and policies.

use dataplane_store::Store;
use object_store::{
    aws::{AwsAuthorizer, AwsCredential},
    client::{HttpRequest, HttpService as _},
};

use crate::{emulator, environment, storage, suite, unique};

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
];
const ISSUER: &str = "issuer.example.com";

/// The account's owner, who makes what the operator finds.
struct Owner {
    endpoint: String,
    client: reqwest::Client,
}

impl Owner {
    fn new() -> Self {
        Self {
            endpoint: emulator("DATAPLANE_MINISTACK_ENDPOINT"),
            client: reqwest::Client::builder().build().unwrap(),
        }
    }

    async fn send(
        &self,
        service: &str,
        method: http::Method,
        target: &str,
        body: String,
    ) -> String {
        let keys = AwsCredential {
            key_id: "test".to_owned(),
            secret_key: "test".to_owned(),
            token: None,
        };
        let mut request = HttpRequest::new(body.into_bytes().into());
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{target}", self.endpoint).parse().unwrap();
        let form = "application/x-www-form-urlencoded".parse().unwrap();
        request
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, form);
        AwsAuthorizer::new(&keys, service, "eu-west-1")
            .try_authorize(&mut request, None)
            .unwrap();
        let response = self.client.call(request).await.unwrap();
        let status = response.status();
        let text = response.into_body().bytes().await.unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(status.is_success(), "{service} {target}: {status} {text}");
        text
    }

    async fn bucket(&self, name: &str) -> String {
        let name = unique(name);
        let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
        self.send(
            "s3",
            http::Method::PUT,
            &format!("/{name}"),
            place.to_owned(),
        )
        .await;
        format!("s3://{name}")
    }

    async fn iam(&self, action: &str, parameters: &[(&str, &str)]) {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", "2010-05-08")
            .extend_pairs(parameters)
            .finish();
        self.send("iam", http::Method::POST, "/", body).await;
    }
}

#[tokio::test]
async fn s3_keeps_to_the_suite() {
    let owner = Owner::new();
    let (metadata, code) = (owner.bucket("metadata").await, owner.bucket("code").await);
    let storage = storage(&metadata, &code, Some(&owner.endpoint));
    let store = Store::open(&storage, &environment(&KEYS)).unwrap();
    suite::objects(&store, &storage.metadata, &storage.fast_registration).await;
    let checks = suite::Checks::Signatures;
    suite::signing(&store, &storage.metadata, &owner.client, checks).await;

    let missing = self::storage("s3://never-made", &code, Some(&owner.endpoint));
    let store = Store::open(&missing, &environment(&KEYS)).unwrap();
    suite::missing_bucket(&store, &missing.metadata).await;
}

#[tokio::test]
async fn the_pods_token_becomes_the_role_and_no_more() {
    let owner = Owner::new();
    let (metadata, code) = (owner.bucket("metadata").await, owner.bucket("code").await);
    let role = unique("adminflyterole");
    owner
        .iam(
            "CreateOpenIDConnectProvider",
            &[
                ("Url", &format!("https://{ISSUER}/{role}")),
                ("ClientIDList.member.1", "sts.amazonaws.com"),
            ],
        )
        .await;
    let trust = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Federated": format!("arn:aws:iam::000000000000:oidc-provider/{ISSUER}/{role}") },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": {
                format!("{ISSUER}/{role}:sub"): "system:serviceaccount:union:executor",
                format!("{ISSUER}/{role}:aud"): "sts.amazonaws.com",
            } },
        }],
    });
    owner
        .iam(
            "CreateRole",
            &[
                ("RoleName", &role),
                ("AssumeRolePolicyDocument", &trust.to_string()),
            ],
        )
        .await;
    let arn = metadata.replacen("s3://", "arn:aws:s3:::", 1);
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": format!("{arn}/*") },
            { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn,
                "Condition": { "StringLike": { "s3:prefix": "acme/*" } } },
        ],
    });
    let policy = policy.to_string();
    owner
        .iam(
            "PutRolePolicy",
            &[
                ("RoleName", &role),
                ("PolicyName", "store"),
                ("PolicyDocument", &policy),
            ],
        )
        .await;

    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    let claims = |subject: &str| {
        serde_json::json!({
            "iss": format!("https://{ISSUER}/{role}"), "aud": "sts.amazonaws.com", "sub": subject,
            "exp": jiff::Timestamp::now().as_second() + 3600,
        })
    };
    let write = |subject: &str| {
        let key = jsonwebtoken::EncodingKey::from_secret(b"the issuer's");
        let header = jsonwebtoken::Header::default();
        let token = jsonwebtoken::encode(&header, &claims(subject), &key).unwrap();
        std::fs::write(&token_file, token).unwrap();
    };
    let role_arn = format!("arn:aws:iam::000000000000:role/{role}");
    let pod = environment(&[
        ("AWS_ROLE_ARN", &role_arn),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token_file.to_str().unwrap()),
        ("AWS_ENDPOINT_URL_STS", &owner.endpoint),
    ]);
    let storage = storage(&metadata, &code, Some(&owner.endpoint));

    write("system:serviceaccount:union:somebody-else");
    let store = Store::open(&storage, &pod).unwrap();
    let uri = storage.metadata.join("object").unwrap();
    let text = store.exists(&uri).await.unwrap_err().to_string();
    assert!(
        text.contains("AWS lends this pod no credentials (AccessDenied, status 403"),
        "{text}"
    );

    write("system:serviceaccount:union:executor");
    let store = Store::open(&storage, &pod).unwrap();
    let checks = suite::Checks::Signatures;
    suite::signing(&store, &storage.metadata, &owner.client, checks).await;

    let uri = storage.metadata.join("acme/r7/error.pb").unwrap();
    assert!(store.read(&uri, 1).await.unwrap().is_none());
    let uri = storage.fast_registration.join("object").unwrap();
    let text = store.read(&uri, 1).await.unwrap_err().to_string();
    assert!(
        text.starts_with(&format!(
            "reading {uri}: access denied (AccessDenied, status 403"
        )) && text.ends_with("grant its role s3:GetObject and s3:ListBucket"),
        "{text}"
    );
}
