//! EKS on a cluster of the tests: the emulator keeps the cluster's record, this front says where it really is, and tokens
//! are verified as EKS does it, by sending on the `sts:GetCallerIdentity` that the client signed.

use anyhow::{Context as _, Result, bail, ensure};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use http::{HeaderMap, HeaderValue, Method, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::front::{Asked, State, lock};
use crate::cluster::Cluster;

/// The path where an API server asks.
pub(super) const TOKEN_REVIEW: &str = "/acceptance/token-review";

/// What EKS says of a cluster.
#[derive(Clone, Debug)]
pub(super) struct EksCluster {
    name: String,
    endpoint: String,
    ca_certificate: String,
    issuer: String,
}

impl EksCluster {
    pub(super) fn new(name: &str, cluster: &Cluster, endpoint: &str) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            endpoint: endpoint.to_owned(),
            ca_certificate: BASE64_STANDARD.encode(cluster.authority()?.certificate()),
            issuer: cluster.issuer().to_owned(),
        })
    }
}

/// `DescribeCluster`, with the real cluster in place of the emulator's.
pub(super) async fn describe(
    state: &State,
    clusters: &[EksCluster],
    asked: Asked,
) -> Result<Response<Full<Bytes>>> {
    let target = asked.target.clone();
    let answer = state.send(&state.ministack, asked).await?;
    let name = target
        .split('?')
        .next()
        .unwrap_or_default()
        .strip_prefix("/clusters/");
    let known = clusters
        .iter()
        .find(|cluster| Some(cluster.name.as_str()) == name);
    let Some(known) = known.filter(|_| answer.status().is_success()) else {
        return Ok(answer);
    };
    let (mut parts, body) = answer.into_parts();
    let mut said: Value = serde_json::from_slice(&body.collect().await?.to_bytes())?;
    let cluster = &mut said["cluster"];
    cluster["status"] = "ACTIVE".into();
    cluster["endpoint"] = known.endpoint.as_str().into();
    cluster["certificateAuthority"] = json!({ "data": known.ca_certificate });
    cluster["identity"] = json!({ "oidc": { "issuer": known.issuer } });
    parts.headers.remove(header::CONTENT_LENGTH);
    Ok(Response::from_parts(
        parts,
        Full::new(Bytes::from(said.to_string())),
    ))
}

/// Answers an API server's `TokenReview`.
pub(super) async fn review(state: &State, body: &Bytes) -> Result<Response<Full<Bytes>>> {
    let review: Value = serde_json::from_slice(body)?;
    let token = review["spec"]["token"].as_str().unwrap_or_default();
    let status = match caller(state, token).await {
        // An access entry with the policy of a cluster's administrator.
        Ok(arn) => {
            json!({ "authenticated": true, "user": { "username": arn, "groups": ["system:masters"] } })
        }
        Err(error) => json!({ "authenticated": false, "error": format!("{error:#}") }),
    };
    let answer = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status });
    Ok(Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(answer.to_string())))?)
}

/// The ARN of who signed the request in a token.
async fn caller(state: &State, token: &str) -> Result<String> {
    let encoded = token
        .strip_prefix("k8s-aws-v1.")
        .context("not a token for EKS")?;
    let url = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(encoded)?)?;
    let url = url::Url::parse(&url)?;
    let host = url.host_str().unwrap_or_default();
    ensure!(
        url.scheme() == "https" && host.starts_with("sts.") && host.ends_with(".amazonaws.com"),
        "the request is for {url}, not for STS"
    );
    let parameter = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    ensure!(
        parameter("Action").as_deref() == Some("GetCallerIdentity"),
        "another action"
    );
    let signed = parameter("X-Amz-SignedHeaders").unwrap_or_default();
    ensure!(
        signed.split(';').any(|name| name == "x-k8s-aws-id"),
        "the cluster's name is not signed"
    );
    let names: Vec<String> = lock(&state.clusters)
        .iter()
        .map(|cluster| cluster.name.clone())
        .collect();
    for name in names {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host)?);
        headers.insert("x-k8s-aws-id", HeaderValue::from_str(&name)?);
        let asked = Asked {
            method: Method::GET,
            target: format!("{}?{}", url.path(), url.query().unwrap_or_default()),
            headers,
            body: Bytes::new(),
        };
        let answer = state.send(&state.ministack, asked).await?;
        if answer.status().is_success() {
            let text = answer.into_body().collect().await?.to_bytes();
            let text = String::from_utf8_lossy(&text);
            let arn = text
                .split_once("<Arn>")
                .and_then(|(_, rest)| rest.split_once("</Arn>"));
            return arn
                .map(|(arn, _)| arn.to_owned())
                .context("an answer without an ARN");
        }
    }
    bail!("STS refuses the signature for every cluster here")
}
