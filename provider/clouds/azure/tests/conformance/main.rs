//! The conformance suites against the stand-in for Azure, which holds every request and every answer against Azure's published
//! description.
//!
//! `make emulators` starts it and says which variables to set; without them these tests fail. Each test has a subscription of its
//! own, and ends with nothing found wrong in it.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::{Duration, OffsetDateTime};
use clouds::account::AccountId;
use clouds::buckets::{BucketId, Protection};
use clouds::clusters::ClusterId;
use clouds::conformance::{self, Environment, Names, Stranger};
use clouds::identity_providers::NewIdentityProvider;
use clouds::registries::RegistryName;
use clouds::roles::{Capability, ForeignPolicy, RoleName, Trust};
use clouds::{Clouds, Error, Tags};
use clouds_azure::{Config, Service};
use reqwest::Method;
use serde_json::{Value, json};

mod private_link;

const GROUP: &str = "acme";
const LOCATION: &str = "westeurope";
const CLUSTER: &str = "prod";
const ISSUER: &str = "https://westeurope.oic.prod-aks.azure.com/tenant/prod/";

/// The stand-in, with a subscription and plain HTTP as somebody else's hands.
#[derive(Clone)]
struct Standin {
    endpoint: String,
    /// A part of names, which are one world over all subscriptions.
    run: String,
    subscription: String,
    http: reqwest::Client,
}

/// The owner of a subscription, whose token says so.
#[derive(Debug)]
struct Owner(String);

#[async_trait]
impl TokenCredential for Owner {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let expires = OffsetDateTime::now_utc() + Duration::hours(1);
        Ok(AccessToken::new(format!("owner.{}", self.0), expires))
    }
}

impl Standin {
    /// A subscription with a resource group, two vaults, a bucket and a cluster that exist.
    async fn new() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests have no other configuration"
        )]
        let endpoint = std::env::var("DATAPLANE_AZURE_ENDPOINT");
        let endpoint = endpoint.unwrap_or_else(|_| {
            panic!(
                "DATAPLANE_AZURE_ENDPOINT is not set: start the emulators with `make emulators` and set what it prints"
            )
        });
        let random = rand();
        let standin = Self {
            endpoint,
            run: format!("r{}", &random[..8]),
            subscription: format!(
                "{}-{}-4{}-8{}-{}",
                &random[..8],
                &random[8..12],
                &random[12..15],
                &random[15..18],
                &random[18..30]
            ),
            http: reqwest::Client::builder().build().unwrap(),
        };
        let group = standin.group();
        standin
            .arm(
                Method::PUT,
                &group,
                "2021-04-01",
                json!({ "location": LOCATION }),
            )
            .await;
        for (vault, kept) in [("k", true), ("v", false)] {
            let mut properties = json!({
                "tenantId": "5f1d6cbe-3b1e-4b7e-9a0d-2c7f0a9e4d10",
                "sku": { "family": "A", "name": "standard" },
                "enableRbacAuthorization": true,
            });
            if kept {
                properties["enablePurgeProtection"] = json!(true);
            }
            let id = format!(
                "{group}/providers/Microsoft.KeyVault/vaults/{vault}{}",
                standin.run
            );
            let body = json!({ "location": LOCATION, "properties": properties });
            standin.arm(Method::PUT, &id, "2024-11-01", body).await;
            let key = json!({ "properties": { "kty": "RSA" } });
            standin
                .arm(Method::PUT, &format!("{id}/keys/data"), "2024-11-01", key)
                .await;
        }
        standin
    }

    fn group(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{GROUP}",
            self.subscription
        )
    }

    fn config(&self) -> Config {
        let of = |path: &str| format!("{}{path}", self.endpoint);
        Config {
            credential: Some(Arc::new(Owner(self.subscription.clone()))),
            endpoints: [
                (Service::Management, of("")),
                (Service::Login, of("")),
                (Service::Vault, of("/vault/{vault}")),
                (Service::Blob, of("/blob/{account}")),
                (Service::Registry, of("/registry/{registry}")),
            ]
            .into(),
            ..Config::new(
                self.subscription.parse().unwrap(),
                GROUP.parse().unwrap(),
                LOCATION.parse().unwrap(),
            )
        }
    }

    fn clouds(&self) -> Clouds {
        clouds_azure::connect(self.config())
    }

    fn environment(&self) -> Environment {
        Environment {
            run: self.run.clone(),
            account: self.clouds().account,
            cluster: ClusterId::Aks {
                resource_group: GROUP.parse().unwrap(),
                name: CLUSTER.parse().unwrap(),
            },
            trust: Trust::Azure {
                issuer: ISSUER.parse().unwrap(),
            },
            boundary: None,
            kms_key: format!("https://k{}.vault.azure.net/keys/data", self.run)
                .parse()
                .unwrap(),
            names: Names {
                bucket: |name| format!("{}/{name}", name.replace('-', "")),
                registry: |name| name.replace('-', ""),
                secret: |name| format!("v{}", name.replacen('-', "/", 1)),
                audience: "api://AzureADTokenExchange",
            },
            capabilities: [
                [Capability::ReadSecrets {
                    prefix: format!("v{}/", self.run).parse().unwrap(),
                }]
                .into(),
                [
                    Capability::WriteObjects {
                        bucket: self.bucket(),
                        prefixes: ["acme/".parse().unwrap()].into(),
                    },
                    Capability::SignUrls,
                ]
                .into(),
            ],
            statements: |_| Vec::new(),
            stranger: Box::new(self.clone()),
        }
    }

    /// The bucket that roles reach.
    fn bucket(&self) -> BucketId {
        format!("{}roles/metadata", self.run).parse().unwrap()
    }

    async fn arm(&self, method: Method, id: &str, version: &str, body: Value) -> Value {
        let url = format!("{}{id}?api-version={version}", self.endpoint);
        self.send(method, &url, &body.to_string()).await
    }

    async fn send(&self, method: Method, url: &str, body: &str) -> Value {
        let request = self
            .http
            .request(method, url)
            .bearer_auth(format!("owner.{}", self.subscription))
            .header("content-type", "application/json")
            .header("x-ms-version", "2021-12-02")
            .header("x-ms-blob-type", "BlockBlob")
            .body(body.to_owned());
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{url}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn administration(&self, what: &str) -> String {
        format!(
            "{}/_subscriptions/{}/{what}",
            self.endpoint, self.subscription
        )
    }

    /// Nothing that was asked or answered left Azure's description.
    async fn assert_described(&self) {
        let violations = self
            .send(Method::GET, &self.administration("violations"), "")
            .await;
        assert_eq!(violations, json!([]));
    }
}

/// Hexadecimal digits that no other test has.
fn rand() -> String {
    use std::hash::{BuildHasher, RandomState};
    let part = || {
        format!(
            "{:016x}",
            RandomState::new().hash_one(std::time::SystemTime::now())
        )
    };
    format!("{}{}", part(), part())
}

#[async_trait]
impl Stranger for Standin {
    async fn fill_bucket(&self, id: &BucketId, objects: usize) {
        for number in 0..objects {
            let url = format!("{}/blob/{id}/raw/{number}", self.endpoint);
            self.send(Method::PUT, &url, "data").await;
        }
    }

    async fn open_bucket(&self, id: &BucketId) -> BTreeSet<Protection> {
        let account = id.account.as_ref().unwrap();
        let account = format!(
            "{}/providers/Microsoft.Storage/storageAccounts/{account}",
            self.group()
        );
        let open = json!({ "properties": {
            "allowSharedKeyAccess": true, "allowBlobPublicAccess": true, "minimumTlsVersion": "TLS1_0",
        } });
        self.arm(Method::PATCH, &account, "2024-01-01", open).await;
        [
            Protection::NoSharedKeys,
            Protection::PublicAccessBlocked,
            Protection::TlsOnly,
        ]
        .into()
    }

    async fn widen_role(&self, name: &RoleName) -> BTreeSet<ForeignPolicy> {
        let credential = format!(
            "{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}/federatedIdentityCredentials/stranger",
            self.group()
        );
        let body = json!({ "properties": {
            "issuer": "https://issuer.example.com", "subject": "stranger", "audiences": ["api://AzureADTokenExchange"],
        } });
        self.arm(Method::PUT, &credential, "2024-11-30", body).await;
        [ForeignPolicy::Inline(
            "federatedIdentityCredentials/stranger".into(),
        )]
        .into()
    }

    async fn push_image(&self, name: &RegistryName) {
        let images = json!({ "registry": name.as_str(), "repository": "tasks/train", "digests": ["sha256:1"] });
        self.send(
            Method::PUT,
            &self.administration("images"),
            &images.to_string(),
        )
        .await;
    }
}

#[tokio::test]
async fn buckets() {
    let standin = Standin::new().await;
    conformance::buckets::suite(&*standin.clouds().buckets, &standin.environment()).await;
    standin.assert_described().await;
}

/// Ids in other letter cases, lists in pages of one, operations that take their time, and answers that leave the description as
/// recorded ones of Azure do.
#[tokio::test]
async fn everything_where_azure_is_itself() {
    let standin = Standin::new().await;
    let settings =
        json!({ "foreignCase": true, "deviating": true, "operationPolls": 2, "pageSize": 1 });
    let url = standin.administration("settings");
    standin.send(Method::PUT, &url, &settings.to_string()).await;
    let (clouds, environment) = (standin.clouds(), standin.environment());
    clouds
        .buckets
        .create(&clouds::buckets::NewBucket {
            id: standin.bucket(),
            hierarchical: false,
            kms_key: None,
            tags: Tags::new(),
        })
        .await
        .unwrap();
    conformance::roles::suite(&*clouds.roles, &environment).await;
    conformance::buckets::suite(&*clouds.buckets, &environment).await;
    conformance::registries::suite(&*clouds.registries, &environment).await;
    conformance::log_groups::suite(&*clouds.log_groups, &environment).await;
    conformance::secrets::suite(&*clouds.secrets, &environment).await;
}

/// A bucket with directories is counted, emptied and deleted as well.
#[tokio::test]
async fn a_hierarchical_bucket() {
    let standin = Standin::new().await;
    let buckets = standin.clouds().buckets;
    let new = clouds::buckets::NewBucket {
        id: standin.environment().bucket("hns"),
        hierarchical: true,
        kms_key: None,
        tags: Tags::new(),
    };
    buckets.create(&new).await.unwrap();
    let found = buckets.get(&new.id).await.unwrap();
    assert!(found.hierarchical);
    let wanted = clouds::buckets::BucketSettings {
        soft_delete_days: buckets.default_soft_delete_days(),
        ..found.settings.clone()
    };
    buckets.configure(&found, &wanted).await.unwrap();
    standin.fill_bucket(&new.id, 2).await;
    assert!(matches!(
        buckets.delete(&new.id).await,
        Err(Error::NotEmpty(_))
    ));
    assert!(buckets.empty(&new.id).await.unwrap() >= 2);
    buckets.delete(&new.id).await.unwrap();
    standin.assert_described().await;
}

#[tokio::test]
async fn roles() {
    let standin = Standin::new().await;
    let clouds = standin.clouds();
    let new = clouds::buckets::NewBucket {
        id: standin.bucket(),
        hierarchical: false,
        kms_key: None,
        tags: Tags::new(),
    };
    clouds.buckets.create(&new).await.unwrap();
    conformance::roles::suite(&*clouds.roles, &standin.environment()).await;
    standin.assert_described().await;
}

/// An import is told a name: what we gave the role is found by that, in our spelling, and nothing that others gave it.
#[tokio::test]
async fn a_role_of_which_only_the_name_is_known() {
    let standin = Standin::new().await;
    let (clouds, environment) = (standin.clouds(), standin.environment());
    let new = clouds::buckets::NewBucket {
        id: standin.bucket(),
        hierarchical: false,
        kms_key: None,
        tags: Tags::new(),
    };
    clouds.buckets.create(&new).await.unwrap();
    let spec = clouds::roles::RoleSpec {
        name: environment.name("taken"),
        path: None,
        permissions_boundary: None,
        max_session: None,
        trust: environment.trust.clone(),
        subjects: [clouds::roles::Subject::new("union", "executor").unwrap()].into(),
        capabilities: environment.capabilities.iter().flatten().cloned().collect(),
    };
    let made = clouds.roles.create(&spec, &Tags::new()).await.unwrap();
    let nothing = clouds.roles.get(&spec.name, None).await.unwrap();
    assert_ne!(nothing.policy, None, "what is not given is seen as well");
    clouds.roles.update(&made, &spec).await.unwrap();
    let reader = format!(
        "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7",
        standin.subscription
    );
    let others = json!({ "properties": { "roleDefinitionId": reader, "principalId": made.principal.as_str(), "principalType": "ServicePrincipal" } });
    let name = "11111111-1111-4111-8111-111111111111";
    let id = format!(
        "{}/providers/Microsoft.Authorization/roleAssignments/{name}",
        standin.group()
    );
    standin.arm(Method::PUT, &id, "2022-04-01", others).await;
    let wanted = clouds.roles.documents(&spec).await.unwrap();
    for foreign_case in [false, true] {
        let settings = json!({ "foreignCase": foreign_case });
        let url = standin.administration("settings");
        standin.send(Method::PUT, &url, &settings.to_string()).await;
        // Once it is imported, the state has its trust.
        let imported = clouds::roles::RoleSpec {
            capabilities: BTreeSet::new(),
            ..spec.clone()
        };
        for known in [None, Some(&imported)] {
            let found = clouds.roles.get(&spec.name, known).await.unwrap();
            assert_eq!(found.policy, Some(wanted.policy.clone()), "{foreign_case}");
            assert!(!found.differs(&spec, &wanted));
        }
    }
    clouds
        .roles
        .delete(&clouds.roles.get(&spec.name, None).await.unwrap())
        .await
        .unwrap();
    standin.assert_described().await;
}

#[tokio::test]
async fn registries() {
    let standin = Standin::new().await;
    conformance::registries::suite(&*standin.clouds().registries, &standin.environment()).await;
    standin.assert_described().await;
}

#[tokio::test]
async fn log_groups() {
    let standin = Standin::new().await;
    conformance::log_groups::suite(&*standin.clouds().log_groups, &standin.environment()).await;
    standin.assert_described().await;
}

#[tokio::test]
async fn secrets() {
    let standin = Standin::new().await;
    conformance::secrets::suite(&*standin.clouds().secrets, &standin.environment()).await;
    standin.assert_described().await;
}

#[tokio::test]
async fn clusters() {
    let standin = Standin::new().await;
    let cluster = json!({
        "resourceGroup": GROUP, "name": CLUSTER, "location": LOCATION,
        "endpoint": "https://prod.hcp.westeurope.azmk8s.io:443",
        "authority": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==", "issuer": ISSUER,
    });
    standin
        .send(
            Method::PUT,
            &standin.administration("clusters"),
            &cluster.to_string(),
        )
        .await;
    let environment = standin.environment();
    let clusters = standin.clouds().clusters;
    conformance::clusters::suite(&*clusters, &environment).await;
    // One that knows nobody of Entra is looked up as well, and its API would refuse every token.
    let mut own = cluster.clone();
    own["ownUsers"] = json!(true);
    standin
        .send(
            Method::PUT,
            &standin.administration("clusters"),
            &own.to_string(),
        )
        .await;
    clusters.describe(&environment.cluster).await.unwrap();
    let refused = clusters.token(&environment.cluster).await.unwrap_err();
    assert!(refused.to_string().contains("--enable-aad"), "{refused}");
    standin.assert_described().await;
}

#[tokio::test]
async fn the_account() {
    let standin = Standin::new().await;
    conformance::account::suite(&*standin.clouds().account).await;
    standin.assert_described().await;
}

/// Azure has none: that is said before anything is called.
#[tokio::test]
async fn identity_providers() {
    let standin = Standin::new().await;
    let providers = standin.clouds().identity_providers;
    let new = NewIdentityProvider {
        name: None,
        issuer: ISSUER.parse().unwrap(),
        audiences: providers.default_audiences(),
        tags: Tags::new(),
    };
    let refused = providers.check(&new);
    assert_eq!(refused[0].field, "issuer");
    assert!(refused[0].reason.contains("trust"), "{}", refused[0]);
    assert!(matches!(
        providers.create(&new).await,
        Err(Error::Unsupported(_))
    ));
}

/// Nothing is done in a subscription that was not allowed, whatever is called first.
#[tokio::test]
async fn a_subscription_that_is_not_allowed() {
    let standin = Standin::new().await;
    let allowed: AccountId = "00000000-0000-4000-8000-000000000000".parse().unwrap();
    let config = Config {
        allowed_subscriptions: [allowed].into(),
        ..standin.config()
    };
    let refused = clouds_azure::connect(config)
        .buckets
        .get(&standin.bucket())
        .await
        .unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, Error::WrongAccount { .. }), "{said}");
    assert!(said.contains(&standin.subscription), "{said}");
}
