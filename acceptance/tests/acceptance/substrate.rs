//! What the other tests stand on does what they take for granted: identities are verified, faults arrive, Terraform runs.

use std::time::Duration;

use acceptance::{
    aws::{Account, Answer, Emulators, Fault, Front},
    cluster::{Cluster, Needs},
    control_plane::ControlPlane,
    issuer::{self, Issuer},
    terraform::Terraform,
};
use anyhow::{Context as _, Result};
use dataplane_proto::dataplane::v1::{
    ClusterIdentity, HeartbeatRequest, RegisterRequest,
    cluster_service_client::ClusterServiceClient,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tonic::{
    Code, Request,
    transport::{Certificate, Channel, ClientTlsConfig},
};

/// An account with a role that one service account may take, and that may list one bucket.
struct Federation {
    account: Account,
    _front: Front,
    role: String,
    bucket: String,
}

fn federation(cluster: &Cluster, namespace: &str) -> Result<Federation> {
    let kubectl = cluster.kubectl()?;
    kubectl.create_namespace(namespace)?;
    kubectl.run(&["create", "serviceaccount", "trusted", "-n", namespace])?;
    kubectl.run(&["create", "serviceaccount", "other", "-n", namespace])?;
    let front = Front::start(Emulators::shared()?)?;
    front.trust(Issuer::of(cluster)?);
    let account = Account::new(&front);
    let provider = account.call(
        "iam",
        "create_open_id_connect_provider",
        &json!({ "Url": cluster.issuer(), "ClientIDList": ["sts.amazonaws.com"] }),
    )?;
    let issuer = cluster.issuer().trim_start_matches("https://");
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": { "Federated": provider["OpenIDConnectProviderArn"] },
        "Condition": { "StringEquals": {
            format!("{issuer}:sub"): [format!("system:serviceaccount:{namespace}:trusted")],
            format!("{issuer}:aud"): "sts.amazonaws.com",
        } },
    }] });
    let role = account.call(
        "iam",
        "create_role",
        &json!({ "RoleName": namespace, "AssumeRolePolicyDocument": trust.to_string() }),
    )?;
    let bucket = format!("substrate-{namespace}");
    account.call(
        "s3",
        "create_bucket",
        &json!({
            "Bucket": bucket, "CreateBucketConfiguration": { "LocationConstraint": account.region },
        }),
    )?;
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{bucket}") },
    ] });
    account.call(
        "iam",
        "put_role_policy",
        &json!({
            "RoleName": namespace, "PolicyName": "list", "PolicyDocument": policy.to_string(),
        }),
    )?;
    let role = role["Role"]["Arn"].as_str().context("an ARN")?.to_owned();
    Ok(Federation {
        account,
        _front: front,
        role,
        bucket,
    })
}

fn refusal(result: Result<Account>) -> String {
    let error = result.map(|_| ()).expect_err("no credentials");
    format!("{error:#}")
}

#[test]
fn a_token_of_the_cluster_becomes_the_roles_credentials_and_no_more() -> Result<()> {
    let cluster = Cluster::shared(Needs::Objects)?;
    let made = federation(&cluster, "substrate-token")?;
    let token = cluster.token("substrate-token", "trusted", "sts.amazonaws.com")?;
    let session = made.account.assume_by_token(&made.role, &token)?;
    session.call("s3", "list_objects_v2", &json!({ "Bucket": made.bucket }))?;
    let put = json!({ "Bucket": made.bucket, "Key": "x", "Body": "y" });
    assert_eq!(session.refused("s3", "put_object", &put)?, "AccessDenied");

    let other = cluster.token("substrate-token", "other", "sts.amazonaws.com")?;
    let refused = refusal(made.account.assume_by_token(&made.role, &other));
    assert!(refused.contains("AccessDenied"), "{refused}");
    let elsewhere = cluster.token("substrate-token", "trusted", "https://elsewhere.test")?;
    let refused = refusal(made.account.assume_by_token(&made.role, &elsewhere));
    assert!(refused.contains("AccessDenied"), "{refused}");
    Ok(())
}

#[test]
fn a_forged_or_expired_token_is_refused_before_any_trust_policy() -> Result<()> {
    // One of ours: the expired token is signed by its own key.
    let cluster = Cluster::shared_own()?;
    let made = federation(&cluster, "substrate-forged")?;
    let token = cluster.token("substrate-forged", "trusted", "sts.amazonaws.com")?;
    let (signed, signature) = token.rsplit_once('.').context("three parts")?;
    let reversed: String = signature.chars().rev().collect();
    let refused = refusal(
        made.account
            .assume_by_token(&made.role, &format!("{signed}.{reversed}")),
    );
    assert!(refused.contains("InvalidIdentityToken"), "{refused}");

    // The cluster's own key, so only the expiry is wrong.
    let key = std::fs::read(cluster.directory().join("token.key"))?;
    let mut header = Header::new(Algorithm::RS256);
    header.kid = jsonwebtoken::decode_header(&token)?.kid;
    let claims = json!({
        "iss": cluster.issuer(), "sub": "system:serviceaccount:substrate-forged:trusted",
        "aud": ["sts.amazonaws.com"], "exp": 1_700_000_000,
    });
    let expired = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_rsa_pem(&key)?)?;
    let refused = refusal(made.account.assume_by_token(&made.role, &expired));
    assert!(refused.contains("ExpiredToken"), "{refused}");
    Ok(())
}

#[test]
fn faults_come_once_and_calls_are_recorded() -> Result<()> {
    let front = Front::start(Emulators::shared()?)?;
    let account = Account::new(&front);
    let fault = |operation, answer| Fault {
        service: "iam",
        operation,
        calls: 0..1,
        answer,
    };
    front.fault(fault("ListRoles", Answer::Throttled));
    front.fault(fault("CreateRole", Answer::Lost));
    assert_eq!(
        account.refused("iam", "list_roles", &json!({}))?,
        "ThrottlingException"
    );
    account.call("iam", "list_roles", &json!({}))?;

    let trust = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
    let role = json!({ "RoleName": "made", "AssumeRolePolicyDocument": trust });
    let lost = account
        .call("iam", "create_role", &role)
        .expect_err("no answer");
    assert!(format!("{lost:#}").contains("Connection"), "{lost:#}");
    account.call("iam", "get_role", &json!({ "RoleName": "made" }))?;
    let operations: Vec<String> = front
        .take_calls()
        .into_iter()
        .map(|call| call.operation)
        .collect();
    assert_eq!(
        operations,
        ["ListRoles", "ListRoles", "CreateRole", "GetRole"]
    );
    Ok(())
}

#[test]
fn accounts_are_apart() -> Result<()> {
    let front = Front::start(Emulators::shared()?)?;
    let (one, two) = (Account::new(&front), Account::new(&front));
    let provider =
        json!({ "Url": "https://oidc.example.test/id/1", "Tags": [{ "Key": "a", "Value": "b" }] });
    let arn = one.call("iam", "create_open_id_connect_provider", &provider)?;
    let arn = arn["OpenIDConnectProviderArn"]
        .as_str()
        .context("an ARN")?
        .to_owned();
    assert!(arn.contains(&one.id), "{arn}");
    let found = one.call(
        "iam",
        "get_open_id_connect_provider",
        &json!({ "OpenIDConnectProviderArn": arn }),
    )?;
    assert_eq!(found["Tags"], json!([{ "Key": "a", "Value": "b" }]));
    let list = two.call("iam", "list_open_id_connect_providers", &json!({}))?;
    assert_eq!(list["OpenIDConnectProviderList"], json!([]));
    let identity = two.cli(&[
        "sts",
        "get-caller-identity",
        "--query",
        "Account",
        "--output",
        "text",
    ])?;
    assert_eq!(identity.trim(), two.id);
    Ok(())
}

#[test]
fn the_api_server_keeps_its_objects_over_a_crash() -> Result<()> {
    // One of ours: its API server is killed.
    let cluster = Cluster::start()?;
    let kubectl = cluster.kubectl()?;
    kubectl.run(&["create", "namespace", "kept"])?;
    cluster.kill_api_server()?;
    assert!(kubectl.run(&["get", "namespace", "kept"]).is_err());
    cluster.start_api_server()?;
    kubectl.run(&["get", "namespace", "kept"])?;
    Ok(())
}

#[test]
fn pod_security_is_enforced_and_pods_run() -> Result<()> {
    let cluster = Cluster::shared(Needs::Pods)?;
    let kubectl = cluster.kubectl()?;
    kubectl.create_namespace("substrate-pods")?;
    kubectl.run(&[
        "label",
        "namespace",
        "substrate-pods",
        "pod-security.kubernetes.io/enforce=restricted",
    ])?;
    let run = [
        "run",
        "root",
        "-n",
        "substrate-pods",
        "--image=example.test/x:1",
    ];
    let refused = kubectl.run(&run).expect_err("a pod that may be root");
    assert!(
        format!("{refused:#}").contains("violates PodSecurity"),
        "{refused:#}"
    );

    kubectl.create_namespace("substrate-plain")?;
    kubectl.run(&[
        "create",
        "deployment",
        "web",
        "-n",
        "substrate-plain",
        "--image=example.test/x:1",
    ])?;
    kubectl.run(&[
        "rollout",
        "status",
        "deployment/web",
        "-n",
        "substrate-plain",
        "--timeout=60s",
    ])?;
    Ok(())
}

#[test]
fn the_control_plane_takes_tokens_for_itself_only_and_can_fail() -> Result<()> {
    let cluster = Cluster::shared(Needs::Objects)?;
    let kubectl = cluster.kubectl()?;
    kubectl.create_namespace("substrate-channel")?;
    kubectl.run(&[
        "create",
        "serviceaccount",
        "operator",
        "-n",
        "substrate-channel",
    ])?;
    let control_plane = ControlPlane::start("127.0.0.1:0", Issuer::of(&cluster)?)?;
    let register = |audience: &str| -> Result<(String, std::result::Result<u64, Code>)> {
        let token = cluster.token("substrate-channel", "operator", audience)?;
        issuer::runtime().block_on(register_and_beat(&control_plane, &token))
    };
    let (_, refused) = register("https://elsewhere.test")?;
    assert_eq!(refused, Err(Code::Unauthenticated));
    let (registration, beat) = register(&control_plane.endpoint())?;
    assert_eq!(beat, Ok(1));
    let recorded = control_plane.recorded();
    let (_, subject) = &recorded.registrations[&registration];
    assert_eq!(subject, "system:serviceaccount:substrate-channel:operator");
    assert_eq!(recorded.heartbeats.len(), 1);
    assert_eq!(recorded.refusals.len(), 1);

    control_plane.stop();
    assert!(register(&control_plane.endpoint()).is_err());
    control_plane.restart()?;
    assert_eq!(register(&control_plane.endpoint())?.1, Ok(1));
    Ok(())
}

/// The registration id, and the sequence number of the answer to one heartbeat.
async fn register_and_beat(
    control_plane: &ControlPlane,
    token: &str,
) -> Result<(String, std::result::Result<u64, Code>)> {
    let authority = Certificate::from_pem(control_plane.ca_certificate());
    let channel = Channel::from_shared(control_plane.endpoint())?
        .tls_config(ClientTlsConfig::new().ca_certificate(authority))?
        .connect()
        .await?;
    let bearer: tonic::metadata::MetadataValue<_> = format!("Bearer {token}").parse()?;
    let mut client =
        ClusterServiceClient::with_interceptor(channel, move |mut request: Request<()>| {
            request
                .metadata_mut()
                .insert("authorization", bearer.clone());
            Ok(request)
        });
    let request = RegisterRequest {
        cluster: Some(ClusterIdentity {
            organization: "acme".to_owned(),
            cluster_name: "test".to_owned(),
            cluster_uid: "uid".to_owned(),
        }),
        ..RegisterRequest::default()
    };
    let registration_id = match client.register(request).await {
        Ok(answer) => answer.into_inner().registration_id,
        Err(status) => return Ok((String::new(), Err(status.code()))),
    };
    let beat = HeartbeatRequest {
        registration_id: registration_id.clone(),
        sequence: 1,
        sent_at: None,
    };
    let mut answers = client
        .heartbeat(tokio_stream::once(beat))
        .await?
        .into_inner();
    let answer = answers
        .message()
        .await?
        .context("an answer to the heartbeat")?;
    Ok((registration_id, Ok(answer.sequence)))
}

#[test]
fn terraform_runs_and_its_diagnostics_are_read() -> Result<()> {
    let terraform = Terraform::new()?;
    terraform.write(
        "main.tf",
        "resource \"terraform_data\" \"this\" {\n  input = \"one\"\n}\n",
    )?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    assert_eq!(
        terraform.attributes("terraform_data.this")?["output"],
        "one"
    );
    terraform.edit("main.tf", "\"one\"", "\"two\"")?;
    let changes = terraform.plan()?.changes();
    assert_eq!(
        changes,
        [("terraform_data.this".to_owned(), vec!["update".to_owned()])]
    );
    terraform.edit("main.tf", "input", "inputs")?;
    let found = terraform.diagnostics("validate")?;
    assert_eq!(found[0].summary, "Unsupported argument");
    assert_eq!(found[0].underlined.as_deref(), Some("inputs"));
    terraform.edit("main.tf", "inputs", "input")?;
    terraform.destroy()?;
    assert_eq!(terraform.state()?["values"], Value::Null);
    Ok(())
}

#[test]
fn an_interrupted_apply_ends_and_goes_on_later() -> Result<()> {
    let terraform = Terraform::new()?;
    terraform.write(
        "main.tf",
        "resource \"terraform_data\" \"slow\" {\n  provisioner \"local-exec\" {\n    command = \"sleep 3\"\n  }\n}\n\
         resource \"terraform_data\" \"after\" {\n  input = terraform_data.slow.id\n}\n",
    )?;
    terraform.init()?;
    let mut applying = terraform.start_apply()?;
    applying.until_printed("Provisioning", Duration::from_mins(1))?;
    applying.interrupt()?;
    let (succeeded, printed) = applying.finish(Duration::from_mins(1))?;
    assert!(!succeeded, "{printed}");
    assert!(printed.contains("Interrupt received"), "{printed}");
    terraform.apply_then_empty_plan()
}
