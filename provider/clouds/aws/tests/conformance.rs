//! The conformance suites against emulators of AWS: ministack, which keeps and enforces most, and moto for the rest.
//!
//! `make emulators` starts both and says which variables to set; without them these tests fail.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use clouds::account::{AccountId, Managed};
use clouds::buckets::{BucketId, Protection};
use clouds::clusters::ClusterId;
use clouds::conformance::{self, Environment, Names, Stranger};
use clouds::registries::RegistryName;
use clouds::roles::{Capability, ForeignPolicy, PolicyArn, RoleName, Trust};
use clouds::{Clouds, Error};
use clouds_aws::{Config, Service};

const REGION: &str = "eu-west-1";
const CLUSTER: &str = "conformance";

/// What is here, without private connectivity: that is the matter of `clouds-aws-ec2`.
fn connect(config: Config) -> Clouds {
    clouds_aws::connect(config, |_| {
        let memory = Clouds::memory();
        (memory.private_services, memory.private_endpoints)
    })
}

/// An emulator, with the plain SDK as somebody else's hands.
#[derive(Clone)]
struct Emulator {
    endpoint: String,
    sdk: aws_config::SdkConfig,
}

/// Somebody else, who attaches this policy to roles.
struct Other {
    emulator: Emulator,
    policy: PolicyArn,
}

impl Emulator {
    async fn ministack() -> Self {
        Self::at("DATAPLANE_MINISTACK_ENDPOINT").await
    }

    async fn moto() -> Self {
        Self::at("DATAPLANE_MOTO_ENDPOINT").await
    }

    async fn at(variable: &str) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests have no other configuration"
        )]
        let endpoint = std::env::var(variable);
        let endpoint = endpoint.unwrap_or_else(|_| {
            panic!("{variable} is not set: start the emulators with `make emulators` and set what it prints")
        });
        let sdk = aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12())
            .region(REGION)
            .endpoint_url(&endpoint)
            .credentials_provider(Credentials::from_keys("test", "test", None))
            .load()
            .await;
        Self { endpoint, sdk }
    }

    fn config(&self, region: &str) -> Config {
        let endpoints: BTreeMap<_, _> = Service::ALL
            .map(|service| (service, self.endpoint.clone()))
            .into();
        Config {
            endpoints,
            credentials: Some(SharedCredentialsProvider::new(Credentials::from_keys(
                "test", "test", None,
            ))),
            ..Config::new(region.parse().unwrap())
        }
    }

    fn clouds(&self) -> Clouds {
        connect(self.config(REGION))
    }

    fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk).force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// The whole environment of a suite, with a cluster and a policy that exist.
    async fn environment(self, run: &str) -> Environment {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let iam = aws_sdk_iam::Client::new(&self.sdk);
        let name = format!("boundary-{run}-{}", since.as_nanos());
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        let boundary = iam
            .create_policy()
            .policy_name(name)
            .policy_document(document)
            .send()
            .await
            .unwrap();
        self.make_cluster().await;
        let boundary: PolicyArn = boundary.policy().unwrap().arn().unwrap().parse().unwrap();
        let bucket: BucketId = format!("{run}-metadata").parse().unwrap();
        Environment {
            account: self.clouds().account,
            trust: Trust::Irsa {
                provider: format!(
                    "arn:aws:iam::123456789012:oidc-provider/issuer.example.com/{run}"
                )
                .parse()
                .unwrap(),
            },
            names: Names {
                registry: |name| format!("tasks/{name}"),
                secret: |name| format!("secret/{name}"),
                audience: "sts.amazonaws.com",
                ..Names::PLAIN
            },
            capabilities: [
                [
                    Capability::ReadObjects {
                        bucket: bucket.clone(),
                        prefixes: BTreeSet::new(),
                    },
                    Capability::ReadSecrets {
                        prefix: "dataplane/".parse().unwrap(),
                    },
                ]
                .into(),
                [Capability::WriteObjects {
                    bucket,
                    prefixes: ["acme/".parse().unwrap()].into(),
                }]
                .into(),
            ],
            statements: |id| {
                let frozen = format!("arn:aws:s3:::{}/frozen/*", id.name);
                vec![serde_json::json!({
                    "Sid": "Uploads", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": frozen,
                })]
            },
            run: format!("{run}-{}", since.as_nanos() % 1_000_000_000),
            cluster: ClusterId::Eks {
                name: CLUSTER.parse().unwrap(),
                region: None,
            },
            kms_key: "arn:aws:kms:eu-west-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
                .parse()
                .unwrap(),
            boundary: Some(boundary.clone()),
            stranger: Box::new(Other {
                emulator: self,
                policy: boundary,
            }),
        }
    }

    async fn make_cluster(&self) {
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"eks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let iam = aws_sdk_iam::Client::new(&self.sdk);
        match iam
            .create_role()
            .role_name(CLUSTER)
            .assume_role_policy_document(document)
            .send()
            .await
        {
            Ok(_) => {}
            Err(error) => assert!(
                error
                    .into_service_error()
                    .is_entity_already_exists_exception()
            ),
        }
        let role = iam.get_role().role_name(CLUSTER).send().await.unwrap();
        let eks = aws_sdk_eks::Client::new(&self.sdk);
        let network = aws_sdk_eks::types::VpcConfigRequest::builder()
            .subnet_ids("subnet-1")
            .build();
        let request = eks
            .create_cluster()
            .name(CLUSTER)
            .role_arn(role.role().unwrap().arn());
        match request.resources_vpc_config(network).send().await {
            Ok(_) => {}
            Err(error) => assert!(error.into_service_error().is_resource_in_use_exception()),
        }
    }
}

#[async_trait]
impl Stranger for Other {
    async fn fill_bucket(&self, id: &BucketId, objects: usize) {
        for number in 0..objects {
            let request = self
                .emulator
                .s3()
                .put_object()
                .bucket(id.name.as_str())
                .key(format!("raw/{number}"));
            request.body(b"data".to_vec().into()).send().await.unwrap();
        }
    }

    async fn open_bucket(&self, id: &BucketId) -> BTreeSet<Protection> {
        let (s3, name) = (self.emulator.s3(), id.name.as_str());
        s3.delete_bucket_policy().bucket(name).send().await.unwrap();
        s3.delete_public_access_block()
            .bucket(name)
            .send()
            .await
            .unwrap();
        s3.delete_bucket_lifecycle()
            .bucket(name)
            .send()
            .await
            .unwrap();
        [
            Protection::PublicAccessBlocked,
            Protection::TlsOnly,
            Protection::OwnAccountOnly,
            Protection::AbortedUploadsRemoved,
        ]
        .into()
    }

    async fn widen_role(&self, name: &RoleName) -> BTreeSet<ForeignPolicy> {
        let iam = aws_sdk_iam::Client::new(&self.emulator.sdk);
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let request = iam
            .put_role_policy()
            .role_name(name.as_str())
            .policy_name("stranger");
        request.policy_document(document).send().await.unwrap();
        let request = iam
            .attach_role_policy()
            .role_name(name.as_str())
            .policy_arn(self.policy.as_str());
        request.send().await.unwrap();
        [
            ForeignPolicy::Inline("stranger".into()),
            ForeignPolicy::Attached(self.policy.to_string()),
        ]
        .into()
    }

    async fn push_image(&self, name: &RegistryName) {
        let ecr = aws_sdk_ecr::Client::new(&self.emulator.sdk);
        let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"layers":[]}"#;
        let request = ecr
            .put_image()
            .repository_name(name.as_str())
            .image_tag("v1");
        request.image_manifest(manifest).send().await.unwrap();
    }
}

#[tokio::test]
async fn buckets() {
    let ministack = Emulator::ministack().await;
    let clouds = ministack.clouds();
    conformance::buckets::suite(&*clouds.buckets, &ministack.environment("buckets").await).await;
}

/// There, S3 answers success for a bucket that the caller owns already.
#[tokio::test]
async fn buckets_in_us_east_1() {
    let ministack = Emulator::ministack().await;
    let clouds = connect(ministack.config("us-east-1"));
    let environment = ministack.environment("use1").await;
    conformance::buckets::life(&*clouds.buckets, &environment).await;
}

/// A bucket of ours in another region is refused by create and found by get, with its region.
#[tokio::test]
async fn a_bucket_in_another_region() {
    let ministack = Emulator::ministack().await;
    let [west, central] =
        ["eu-west-1", "eu-central-1"].map(|region| connect(ministack.config(region)));
    let environment = ministack.environment("region").await;
    let id = environment.bucket("there");
    let new = clouds::buckets::NewBucket {
        id: id.clone(),
        hierarchical: false,
        kms_key: None,
        tags: environment.marks(Managed::Buckets),
    };
    central.buckets.create(&new).await.unwrap();
    assert!(matches!(
        west.buckets.create(&new).await,
        Err(Error::AlreadyExists(_))
    ));
    let found = west.buckets.get(&id).await.unwrap();
    assert_eq!(found.region.as_str(), "eu-central-1");
    west.buckets.delete(&id).await.unwrap();
}

/// Neither emulator can change audiences (see `calls.rs`), and ministack not even tags.
#[tokio::test]
async fn identity_providers() {
    let ministack = Emulator::ministack().await;
    let clouds = ministack.clouds();
    let environment = ministack.environment("idp").await;
    conformance::identity_providers::life(&*clouds.identity_providers, &environment).await;
}

#[tokio::test]
async fn identity_providers_on_moto() {
    let moto = Emulator::moto().await;
    let clouds = moto.clouds();
    let environment = moto.environment("idp").await;
    conformance::identity_providers::life(&*clouds.identity_providers, &environment).await;
    conformance::identity_providers::tags(&*clouds.identity_providers, &environment).await;
}

#[tokio::test]
async fn roles() {
    let ministack = Emulator::ministack().await;
    let clouds = ministack.clouds();
    conformance::roles::suite(&*clouds.roles, &ministack.environment("roles").await).await;
}

/// A second opinion on IAM.
#[tokio::test]
async fn roles_on_moto() {
    let moto = Emulator::moto().await;
    let clouds = moto.clouds();
    let environment = moto.environment("roles").await;
    conformance::roles::life(&*clouds.roles, &environment).await;
    conformance::roles::changes(&*clouds.roles, &environment).await;
    conformance::roles::drift(&*clouds.roles, &environment).await;
}

#[tokio::test]
async fn registries() {
    let ministack = Emulator::ministack().await;
    let clouds = ministack.clouds();
    conformance::registries::suite(
        &*clouds.registries,
        &ministack.environment("registries").await,
    )
    .await;
}

#[tokio::test]
async fn log_groups() {
    let ministack = Emulator::ministack().await;
    let clouds = ministack.clouds();
    conformance::log_groups::suite(&*clouds.log_groups, &ministack.environment("logs").await).await;
}

#[tokio::test]
async fn secrets() {
    let ministack = Emulator::ministack().await;
    let clouds = ministack.clouds();
    conformance::secrets::suite(&*clouds.secrets, &ministack.environment("secrets").await).await;
}

#[tokio::test]
async fn secrets_on_moto() {
    let moto = Emulator::moto().await;
    let clouds = moto.clouds();
    conformance::secrets::suite(&*clouds.secrets, &moto.environment("secrets").await).await;
}

#[tokio::test]
async fn clusters() {
    let ministack = Emulator::ministack().await;
    let clouds = ministack.clouds();
    conformance::clusters::suite(&*clouds.clusters, &ministack.environment("clusters").await).await;
}

#[tokio::test]
async fn the_account() {
    let ministack = Emulator::ministack().await;
    conformance::account::suite(&*ministack.clouds().account).await;
}

/// Nothing is done in an account that was not allowed, whatever is called first.
#[tokio::test]
async fn an_account_that_is_not_allowed() {
    let ministack = Emulator::ministack().await;
    let allowed: AccountId = "111122223333".parse().unwrap();
    let config = Config {
        allowed_account_ids: [allowed].into(),
        ..ministack.config(REGION)
    };
    let clouds = connect(config);
    let refused = clouds
        .buckets
        .get(&"some-bucket".parse().unwrap())
        .await
        .unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, Error::WrongAccount { .. }), "{said}");
    assert!(
        said.contains("000000000000") && said.contains("111122223333"),
        "{said}"
    );
}
